"""The app configurations of the project package and of the admin."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class PerfectWorksConfig(AppConfig):
    """The project package as an app, for its commands and system checks."""

    name = "perfectworks"
    default = True

    def ready(self) -> None:
        """Register the system checks."""
        from perfectworks import checks  # noqa: F401 - the import registers them


class StaffAdminConfig(admin_apps.AdminConfig):
    """Use `StaffSite` as `admin.site`."""

    default = False
    default_site = "perfectworks.admin_site.StaffSite"
