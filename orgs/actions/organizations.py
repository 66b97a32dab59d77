"""What can happen to an organization and its members.

Roles, units and the roles held there: ``structure.py``; API keys: ``keys.py``; system users and accounts that end:
``account_actions.py``.

Every action takes the same five steps: lock the organization, require the permission, check the rule, change,
record the event. ``by`` is the caller; everything is keyword-only; each action is one transaction.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from orgs import policies
from orgs.actions.members import add_membership
from orgs.actions.saving import apply_changes, record, require_names, save_new
from orgs.locks import lock_organization
from orgs.models import Organization, Role, RoleAssignment
from orgs.permissions import ADMIN, OWN, OWNER_ROLE
from orgs.policies import Grant
from orgs.signals import seat_freed

PROFILE = {"description", "logo_url", "website", "language"}


# Organizations


@transaction.atomic
def create_organization(*, by: Principal, name: str, slug: str = "", **profile: str) -> Organization:
    """Register an organization; the caller, a person, becomes its owner. Without a slug it gets one from its name.

    ``profile`` may hold ``description``, ``logo_url``, ``website`` and ``language``.
    Raises PersonRequired, SlugTaken, and ValidationError for input that breaks a rule of the model.
    """
    founder = policies.require_person(by)
    require_names(profile, PROFILE)
    organization = Organization(name=name, slug=slug, **profile)
    save_new(organization)
    record("organization.created", by, organization, organization)
    add_membership(by=by, organization=organization, user=founder, grant=Grant(Role.objects.get(pk=OWNER_ROLE)))
    return organization


@transaction.atomic
def update_organization(*, by: Principal, organization_id: UUID, **changes: str) -> Organization:
    """Change ``name``, ``slug``, ``description``, ``logo_url``, ``website`` or ``language``."""
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, ADMIN)
    require_names(changes, {"name", "slug", *PROFILE})
    apply_changes(organization, changes)
    record("organization.updated", by, organization, organization, changed=sorted(changes))
    return organization


@transaction.atomic
def set_seat_limit(*, by: Principal, organization_id: UUID, seat_limit: int | None) -> Organization:
    """Set how many seats there are (None: any number). Staff only, as an organization cannot sell itself seats.

    A limit below the present members removes nobody; freed or added seats go to whoever waits for one.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    apply_changes(organization, {"seat_limit": seat_limit})
    record("organization.seat_limit_set", by, organization, organization, seat_limit=seat_limit)
    seat_freed.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def set_open_invitation_limit(
    *, by: Principal, organization_id: UUID, open_invitation_limit: int | None
) -> Organization:
    """Set how many invitations may be open at once (None: as many as the service allows by default). Staff only.

    A limit below what is open withdraws nothing.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require_staff(by)
    apply_changes(organization, {"open_invitation_limit": open_invitation_limit})
    limit = {"open_invitation_limit": open_invitation_limit}
    record("organization.open_invitation_limit_set", by, organization, organization, **limit)
    return organization


@transaction.atomic
def archive_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Soft-delete: nobody sees or enters it until it is restored. Its members and invitations stay as they are."""
    organization = lock_organization(organization_id, by=by)
    policies.require(by, organization, OWN)
    apply_changes(organization, {"deleted_at": timezone.now()})
    record("organization.archived", by, organization, organization)
    return organization


@transaction.atomic
def restore_organization(*, by: Principal, organization_id: UUID) -> Organization:
    """Undo ``archive_organization``; restoring what is not archived changes nothing.

    Whoever waits for a seat gets the seats that became free meanwhile.
    """
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require(by, organization, OWN)
    if organization.is_archived:
        apply_changes(organization, {"deleted_at": None})
        record("organization.restored", by, organization, organization)
        seat_freed.send(Organization, organization=organization, by=by)
    return organization


@transaction.atomic
def purge_organization(*, by: Principal, organization_id: UUID) -> None:
    """Delete the organization and all that belongs to it for ever; only its events stay."""
    organization = lock_organization(organization_id, by=by, archived=True)
    policies.require(by, organization, OWN)
    record("organization.purged", by, organization, organization)
    User.objects.filter(memberships__organization=organization, kind=User.Kind.SYSTEM).update(is_active=False)
    organization.invitations.all().delete()
    RoleAssignment.objects.filter(membership__organization=organization).delete()
    organization.delete()
