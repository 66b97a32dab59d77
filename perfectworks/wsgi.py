"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perfectworks.settings")

application = get_wsgi_application()

from perfectworks.checks import require_safe_database  # noqa: E402 - Django must be ready before the checks run

require_safe_database()
