"""How actions save rows and record events."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from core.compiled_inserts import insert
from core.errors import Conflict
from events.changed_fields import describe_changes, values_of
from events.models import Event
from orgs.models import Organization
from orgs.slugs import distinct_slug, slug_from


class SlugTaken(Conflict):
    """Another organization, or another unit of this kind in the organization, has this slug."""

    message = "This slug is taken."


def save_checked(instance: Any, *, conflict: type[Conflict] = SlugTaken) -> None:
    """Validate the fields of a new or changed row and save it. The action has just found the rows that it refers to.

    Raises ValidationError for an invalid field, and ``conflict`` if the row violates a uniqueness constraint. After a
    conflict, the transaction can only be rolled back.
    """
    found = {field.name for field in instance._meta.fields if field.is_relation}
    instance.full_clean(exclude=found, validate_unique=False, validate_constraints=False)
    try:
        if instance._state.adding:
            insert(instance)
        else:
            instance.save()
    except IntegrityError as error:
        raise conflict from error


def save_new(instance: Any) -> None:
    """Save a new row that has a name and a slug. If the slug is empty, make one from the name.

    If the slug made from the name is taken, add a random suffix. Raises SlugTaken only for a slug that was given, and
    ValidationError for an invalid field.
    """
    if instance.slug:
        save_checked(instance)
        return
    instance.slug = slug_from(instance.name)
    try:
        with transaction.atomic():  # a savepoint, because the action continues after a conflict
            save_checked(instance)
    except SlugTaken:
        instance.slug = distinct_slug(instance.slug)
        save_checked(instance)


def require_names(values: Mapping[str, Any], names: Collection[str]) -> None:
    """Raise TypeError if a name is not allowed, as Python does for an unknown keyword argument."""
    unknown = values.keys() - set(names)
    if unknown:
        raise TypeError(f"These cannot be set: {', '.join(sorted(unknown))}.")


def apply_changes(instance: Any, changes: dict[str, Any], *, conflict: type[Conflict] = SlugTaken) -> dict[str, Any]:
    """Set attributes, save, and return the event data about what changed (``describe_changes``).

    Raises what ``save_checked`` raises.
    """
    before = values_of(instance, changes)
    for name, value in changes.items():
        setattr(instance, name, value)
    save_checked(instance, conflict=conflict)
    return describe_changes(before, values_of(instance, changes), of=type(instance))


def record(kind: str, by: Principal, subject: Any, organization: Organization, **data: object) -> None:
    """Record an event of this organization."""
    followed = organization.has_webhooks
    Event.objects.record(kind, by=by, subject=subject, organization_id=organization.pk, followed=followed, **data)
