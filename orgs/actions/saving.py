"""How actions write: check the form, save, and name the rule that refused it; then record the event."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from core.errors import Conflict
from events.models import Event
from orgs.models import Organization
from orgs.slugs import distinct_slug, slug_from


class SlugTaken(Conflict):
    """Another organization (or unit of this kind) has this slug."""

    message = "This slug is taken."


def save_checked(instance: Any, *, conflict: type[Conflict] = SlugTaken) -> None:
    """Save a new or changed row after checking its form; a broken uniqueness rule raises ``conflict``."""
    instance.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError as error:
        raise conflict from error


def save_new(instance: Any) -> None:
    """Save a new row that has a name and a slug; without a slug, one made from its name.

    Raises SlugTaken for a given slug alone: a made one gives way to whoever has it already.
    """
    if instance.slug:
        save_checked(instance)
        return
    instance.slug = slug_from(instance.name)
    try:
        save_checked(instance)
    except SlugTaken:
        instance.slug = distinct_slug(instance.slug)
        save_checked(instance)


def require_names(values: Mapping[str, Any], names: Collection[str]) -> None:
    """Raise TypeError for a value that has no place here, as Python does for an unknown argument."""
    unknown = values.keys() - set(names)
    if unknown:
        raise TypeError(f"These cannot be set: {', '.join(sorted(unknown))}.")


def apply_changes(instance: Any, changes: dict[str, Any], *, conflict: type[Conflict] = SlugTaken) -> None:
    """Set the given attributes and save."""
    for name, value in changes.items():
        setattr(instance, name, value)
    save_checked(instance, conflict=conflict)


def record(kind: str, by: Principal, subject: Any, organization: Organization, **data: object) -> None:
    """Write the event of a change inside one organization."""
    Event.objects.record(kind, by=by, subject=subject, organization_id=organization.pk, **data)
