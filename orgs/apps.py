"""The application registry entry of ``orgs``."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from orgs.permissions import BUILT_IN_ROLES


class OrgsConfig(AppConfig):
    """Names the application and sees that the built-in roles exist in every database."""

    name = "orgs"
    verbose_name = _("Organizations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add what is missing after every migration."""
        post_migrate.connect(add_built_in_roles, sender=self, dispatch_uid="orgs.built_in_roles")


def add_built_in_roles(using: str, apps: Any = installed, **kwargs: Any) -> None:
    """Insert the built-in roles that are missing; ``apps`` are those of the migration, absent after a flush.

    A role that exists is never changed here: what a role permits changes for everybody who holds it and for every
    open invitation that names it, so that takes a migration of its own, with its own test.
    """
    model = apps.get_model("orgs", "Role")
    if not hasattr(model, "level"):  # migrated back to where roles had other columns, and have their rows
        return
    roles = model.objects.using(using)
    for key, name, level, permissions in BUILT_IN_ROLES:
        roles.get_or_create(id=key, defaults={"name": name, "level": level, "permissions": sorted(permissions)})
