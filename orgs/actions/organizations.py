"""Actions on an organization itself.

Every action has the same five steps: lock the organization, require the permission, check the rules, change the rows,
record the event. ``by`` is the caller. All arguments are keyword-only. Each action is one transaction.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from core.errors import Conflict
from events.models import Event
from orgs import policies
from orgs.actions.members import add_membership
from orgs.actions.saving import apply_changes, record, require_names, save_new
from orgs.limits import require_may_found
from orgs.locks import lock_organization, require_found
from orgs.lookups import find_default_role
from orgs.models import FormerSlug, Organization, Role, RoleAssignment
from orgs.permissions import ADMIN, OWN, OWNER_ROLE
from orgs.policies import Grant
from orgs.signals import daily_email_limit_set, organization_purging, seat_freed

PROFILE = {
    *("description", "logo_url", "website", "continue_url", "language", "replies_go_to_inviter", "reply_to"),
    *("email_footer", "second_factor_required", "default_role_id"),
}


class DeletionOnHold(Conflict):
    """A legal hold prevents deleting the organization."""

    message = "This organization cannot be deleted permanently at the moment. Contact the operator of this service."


@transaction.atomic
def create_organization(*, by: Principal, name: str, slug: str = "", **profile: Any) -> Organization:
    """Create an organization with the caller as its owner. Without a slug, one is made from the name.

    ``profile`` may contain ``description``, ``logo_url``, ``website``, ``continue_url``, ``language``,
    ``replies_go_to_inviter``, ``reply_to``, ``email_footer``, ``second_factor_required`` and ``default_role_id`` (what
    ``find_default_role`` takes).
    Raises PersonRequired, SecondFactorRequired, TooManyOrganizations, SlugTaken, AccountEnded, ValidationError for an
    invalid field, and what ``find_default_role`` raises.
    """
    founder = policies.require_person(by)
    require_names(profile, PROFILE)
    require_may_found(founder)
    organization = add_organization(by=by, name=name, slug=slug, **profile)
    require_found(organization, by)  # see update_organization
    add_membership(by=by, organization=organization, user=founder, grant=Grant(Role.objects.get(pk=OWNER_ROLE)))
    return organization


def add_organization(*, by: Principal, name: str, slug: str = "", **profile: Any) -> Organization:
    """Save and record a new organization without members. The calling code has checked permissions and adds an owner.

    Raises SlugTaken, ValidationError for an invalid field, and what ``find_default_role`` raises.
    """
    default_role_id = profile.pop("default_role_id", None)
    organization = Organization(name=name, slug=slug, **profile)
    organization.default_role = find_default_role(organization, default_role_id)
    save_new(organization)
    record("organization.created", by, organization, organization)
    return organization


@transaction.atomic
def update_organization(*, by: Principal, organization_id: UUID, **changes: Any) -> Organization:
    """Change the name, the slug, or fields of the profile (see ``create_organization``).

    The pages at the former slug then lead to the new one.
    The event has the default role, if it is given. Raises OrganizationNotFound, PermissionMissing,
    SecondFactorRequired, SlugTaken, ValidationError for an invalid field, and what ``find_default_role`` raises.
    """
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, ADMIN)
    require_names(changes, {"name", "slug", *PROFILE})
    facts: dict[str, object] = {}
    if "default_role_id" in changes:
        role = find_default_role(organization, changes.pop("default_role_id"))
        changes["default_role"] = role
        facts["default_role_id"] = role.pk if role else None
    former_slug = organization.slug
    facts |= apply_changes(organization, changes)
    if organization.slug != former_slug:
        FormerSlug.objects.update_or_create(slug=former_slug, defaults={"organization": organization})
    require_found(organization, by)  # so that callers without two-factor authentication cannot lock themselves out
    record("organization.updated", by, organization, organization, **facts)
    return organization


@transaction.atomic
def set_seat_limit(*, by: Principal, organization_id: UUID, seat_limit: int | None) -> Organization:
    """Set the number of seats (None: no limit). Staff only.

    If the limit is below the number of members, no member is removed. If the limit is raised, invitees who accepted and
    wait for a seat become members. Raises OrganizationNotFound, PermissionMissing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    changed = apply_changes(organization, {"seat_limit": seat_limit})
    record("organization.seat_limit_set", by, organization, organization, seat_limit=seat_limit, **changed)
    seat_freed.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def set_open_invitation_limit(
    *, by: Principal, organization_id: UUID, open_invitation_limit: int | None
) -> Organization:
    """Set how many invitations may be open at once (None: the default from the settings). Staff only.

    If the limit is below the number of open invitations, no invitation is canceled. Raises OrganizationNotFound,
    PermissionMissing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    limit = {"open_invitation_limit": open_invitation_limit}
    changed = apply_changes(organization, limit)
    record("organization.open_invitation_limit_set", by, organization, organization, **limit, **changed)
    return organization


@transaction.atomic
def set_daily_email_limit(*, by: Principal, organization_id: UUID, daily_email_limit: int | None) -> Organization:
    """Set how many emails to invitees may be sent in 24 hours (None: the default from the settings). Staff only.

    The emails of the last 24 hours count. Scheduled emails get the times that the new limit permits. Raises
    OrganizationNotFound, PermissionMissing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    limit = {"daily_email_limit": daily_email_limit}
    changed = apply_changes(organization, limit)
    record("organization.daily_email_limit_set", by, organization, organization, **limit, **changed)
    daily_email_limit_set.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def set_legal_hold(*, by: Principal, organization_id: UUID, legal_hold: bool) -> Organization:
    """Set or end a legal hold. Staff only.

    While it is set, nothing of the organization is deleted because of its age, and the organization cannot be purged.
    Only staff see the event. Raises OrganizationNotFound, PermissionMissing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    changed = apply_changes(organization, {"legal_hold": legal_hold})
    Event.objects.record("organization.legal_hold_set", by=by, subject=organization, legal_hold=legal_hold, **changed)
    return organization


@transaction.atomic
def archive_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Archive the organization. Until it is restored, members cannot see it and nobody can join.

    Memberships and invitations do not change. Raises OrganizationNotFound, PermissionMissing.
    """
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, OWN)
    changed = apply_changes(organization, {"deleted_at": timezone.now()})
    record("organization.archived", by, organization, organization, **changed)
    return organization


@transaction.atomic
def restore_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Restore an archived organization. Does nothing if the organization is not archived.

    If seats have become free, invitees who accepted and wait for a seat become members. Raises
    OrganizationNotFound, PermissionMissing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require(by, organization, OWN)
    if organization.is_archived:
        changed = apply_changes(organization, {"deleted_at": None})
        record("organization.restored", by, organization, organization, **changed)
        seat_freed.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def purge_organization(*, by: Principal, organization_id: UUID) -> None:
    """Permanently delete the organization and everything that belongs to it, except its events.

    Its system users are deactivated. Raises OrganizationNotFound, PermissionMissing, DeletionOnHold.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require(by, organization, OWN)
    if organization.legal_hold:
        raise DeletionOnHold
    record("organization.purged", by, organization, organization)
    User.objects.filter(memberships__organization=organization, kind=User.Kind.SYSTEM).update(is_active=False)
    organization_purging.send(Organization, organization=organization)
    RoleAssignment.objects.filter(membership__organization=organization).delete()
    Organization.objects.filter(pk=organization.pk).update(default_role=None)  # it protects the role
    organization.delete()
