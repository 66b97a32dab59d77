"""The WSGI application."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

from core.database import wait_briefly_for_connections
from core.deadlines import StatementLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perfectworks.settings")

application = get_wsgi_application()
wait_briefly_for_connections()
if settings.WEB_STATEMENT_SECONDS:
    StatementLimit(settings.WEB_STATEMENT_SECONDS).install()

from perfectworks.checks import require_safe_database  # noqa: E402 - Django must be ready before the checks run

require_safe_database()
connections.close_all()  # the threads need the connection of the check
