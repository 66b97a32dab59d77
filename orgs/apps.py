"""The configuration of the ``orgs`` app."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from orgs.permissions import BUILT_IN_ROLES


class OrgsConfig(AppConfig):
    """Configure the app and create the built-in roles in each database."""

    name = "orgs"
    verbose_name = _("Organizations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add missing built-in roles after each migration, and register the sections of the export and the notices."""
        from accounts.email.purposes import register_facts
        from orgs import personal_data  # noqa: F401 - the import registers the sections of the export
        from orgs.notice_facts import NOTICE_FACTS

        register_facts(NOTICE_FACTS)
        post_migrate.connect(add_built_in_roles, sender=self, dispatch_uid="orgs.built_in_roles")


def add_built_in_roles(using: str, apps: Any = installed, **kwargs: Any) -> None:
    """Insert the built-in roles that are missing, without changing existing roles.

    ``apps`` is the app registry of the migration, or the installed apps after ``flush``. To change a built-in role,
    write a migration with a test, because the change affects all members and open invitations with that role.
    """
    model = apps.get_model("orgs", "Role")
    if not hasattr(model, "level"):  # a migration back to an older schema, in which the roles already exist
        return
    roles = model.objects.using(using)
    for key, name, level, permissions in BUILT_IN_ROLES:
        roles.get_or_create(id=key, defaults={"name": name, "level": level, "permissions": sorted(permissions)})
