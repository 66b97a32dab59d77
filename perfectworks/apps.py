"""The app configurations of the project package and of the admin."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db import connection
from django.db.models.signals import post_migrate

from perfectworks import __version__


class PerfectWorksConfig(AppConfig):
    """The project package as an app, for its commands and system checks."""

    name = "perfectworks"
    default = True

    def ready(self) -> None:
        """Register the system checks, and let ``migrate`` restore the staff roles. Prepare PostgreSQL and Sentry."""
        from perfectworks import checks  # noqa: F401 - the import registers them
        from perfectworks.error_reports import start_error_reports
        from perfectworks.staff_roles import restore_staff_roles

        if settings.SENTRY_DSN:
            start_error_reports(settings.SENTRY_DSN, settings.SENTRY_ENVIRONMENT, __version__)

        # This app is the last of all, so Django has created the permissions of all apps.
        post_migrate.connect(restore_staff_roles, sender=self, dispatch_uid="perfectworks.staff_roles")
        if connection.vendor == "postgresql":
            from core.postgresql import read_times_fast  # needs psycopg

            read_times_fast()


class StaffAdminConfig(admin_apps.AdminConfig):
    """Use `StaffSite` as `admin.site`."""

    default = False
    default_site = "perfectworks.admin_site.StaffSite"
