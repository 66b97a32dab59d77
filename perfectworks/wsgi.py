"""The WSGI application.

Servers that fork after the import share its memory among their processes. So this module loads what every request
needs, and leaves no connection and no thread behind.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from core.database import close_connections_and_pools, wait_briefly_for_connections
from core.deadlines import StatementLimit
from core.statement_clock import count_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perfectworks.settings")

application = get_wsgi_application()
wait_briefly_for_connections()
count_statements()
if settings.WEB_STATEMENT_SECONDS:
    StatementLimit(settings.WEB_STATEMENT_SECONDS).install()

from perfectworks.checks import require_safe_database  # noqa: E402 - Django must be ready before the checks run

require_safe_database()
close_connections_and_pools()  # each process opens its own
get_resolver().url_patterns  # noqa: B018 - imports the views
