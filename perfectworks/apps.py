"""The project package as an app, for its commands and checks, and Django's admin as the staff's site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class PerfectWorksConfig(AppConfig):
    """Registers the project's own system checks."""

    name = "perfectworks"
    default = True

    def ready(self) -> None:
        """Import the checks, which registers them."""
        from perfectworks import checks  # noqa: F401 - needs the app registry


class StaffAdminConfig(admin_apps.AdminConfig):
    """Makes `admin.site` our own site; models register with it in the usual way."""

    default = False
    default_site = "perfectworks.admin_site.StaffSite"
