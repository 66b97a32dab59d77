"""What the export of a person contains about their organizations (``core.personal_data``)."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from accounts.models import User
from core.personal_data import export_section, in_steps
from events.models import Event
from events.personal_data import event_row
from orgs.models import ApiKey, Membership, Organization, Role


@export_section
def memberships(user: User) -> Iterator[dict[str, Any]]:
    """The organizations that the person belongs to, also archived ones, with roles and permissions."""
    rows = Membership.objects.with_people_and_roles().select_related("organization").filter(user=user)
    for membership in rows.order_by("pk"):
        yield {
            "id": membership.pk,
            "organization": organization_reference(membership.organization),
            "role": role_name(membership.organization_role),
            "permissions": membership.permissions,
            "effective_permissions": sorted(membership.effective_permissions),
            "workspaces_and_applications": [
                {
                    "id": held.unit_id,
                    "kind": held.unit.kind if held.unit else None,
                    "name": held.unit.name if held.unit else None,
                    "role": role_name(held.role),
                }
                for held in membership.unit_assignments
            ],
            "created_at": membership.created_at,
            "activated_at": membership.activated_at,
        }


@export_section
def api_keys(user: User) -> Iterator[dict[str, Any]]:
    """The API keys that act as the person or that the person created, without their secrets."""
    own = ApiKey.objects.filter(Q(membership__user=user) | Q(responsible=user))
    columns = ("id", "name", "description", "prefix", "permissions", "expires_at", "last_used_at", "created_at")
    for key in own.select_related("membership__organization").order_by("pk"):
        yield {column: getattr(key, column) for column in columns} | {
            "acts_as_you": key.membership.user_id == user.pk,
            "organization": organization_reference(key.membership.organization),
        }


@export_section
def events_about_your_memberships(user: User) -> Iterator[dict[str, Any]]:
    """What others did to the person's present memberships and to the API keys that act as the person."""
    own_memberships = Membership.objects.filter(user=user).values("pk")
    own_keys = ApiKey.objects.filter(membership__user=user).values("pk")
    for rows in (Event.objects.filter(subject_id__in=own_memberships), Event.objects.filter(subject_id__in=own_keys)):
        for event in in_steps(rows.exclude(actor_id=user.pk)):
            yield event_row(event, user)


def organization_reference(organization: Organization) -> dict[str, Any]:
    """Return how the export names an organization."""
    return {"id": organization.pk, "slug": organization.slug, "name": organization.name}


def role_name(role: Role | None) -> str | None:
    """Return how the export names a role."""
    return role.name if role else None
