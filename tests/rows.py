"""Rows as they may stand in the database, made without the actions that the tests are about."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from invitations.models import Invitation
from orgs.models import Membership, Organization, Role, Unit
from orgs.permissions import OWNER_ROLE, UNASSIGNED_ROLE, VIEWER_ROLE, Level


def session(user: User) -> Principal:
    """Somebody who signed in with a browser."""
    return Principal(user=user, method=Method.SESSION)


def make_person(name: str, **values: Any) -> User:
    return User.objects.create_verified_user(f"{name}@example.com", **values)


def make_organization(slug: str, *owners: User, **values: Any) -> Organization:
    organization = Organization.objects.create(slug=slug, name=slug.capitalize(), **values)
    for owner in owners:
        join(organization, owner, OWNER_ROLE)
    return organization


def join(
    organization: Organization,
    user: User,
    role_id: UUID = VIEWER_ROLE,
    permissions: Iterable[str] = (),
    units: dict[Unit, UUID] | None = None,
) -> Membership:
    membership = Membership.objects.create(organization=organization, user=user, permissions=sorted(permissions))
    membership.assignments.create(role_id=role_id)
    for unit, unit_role_id in (units or {}).items():
        membership.assignments.create(role_id=unit_role_id, unit=unit)
    return membership


def make_program(organization: Organization, role_id: UUID = VIEWER_ROLE, permissions: Iterable[str] = ()) -> User:
    program = User.objects.create_user(None, kind=User.Kind.SYSTEM, first_name="Robot")
    join(organization, program, role_id, permissions)
    return program


def make_unit(organization: Organization, slug: str = "main-workspace", kind: str = Unit.Kind.WORKSPACE) -> Unit:
    return Unit.objects.create(organization=organization, kind=kind, slug=slug, name=slug.capitalize())


def make_role(
    organization: Organization, name: str, permissions: Iterable[str] = (), level: str = Level.ORGANIZATION
) -> Role:
    return Role.objects.create(organization=organization, name=name, level=level, permissions=sorted(permissions))


def make_invitation(organization: Organization, email: str, inviter: User | None, **values: Any) -> Invitation:
    """An open invitation, unless the values say otherwise; ``days`` until it expires may be negative."""
    values.setdefault("expires_at", timezone.now() + timedelta(days=values.pop("days", 10)))
    if "role" not in values:
        values.setdefault("role_id", UNASSIGNED_ROLE)
    return Invitation.objects.create(
        organization=organization,
        email=email,
        inviter=inviter,
        inviter_user_id=inviter.pk if inviter else None,
        inviter_name=inviter.display_name if inviter else "",
        **values,
    )


def make_waiting(organization: Organization, invitee: User, inviter: User | None, **values: Any) -> Invitation:
    """Accepted by the invitee, and waiting for a seat."""
    return make_invitation(
        organization, str(invitee.email), inviter, status="processing", answered_by=invitee, **values
    )


def membership_of(user: User, organization: Organization) -> Membership:
    return Membership.objects.get(user=user, organization=organization)


def role_of(user: User, organization: Organization) -> UUID:
    """The id of the role the user holds in the organization itself."""
    return membership_of(user, organization).organization_role.pk


def prove_address(user: User, address: str, *, verified: bool = True) -> None:
    EmailAddress.objects.create(user=user, email=address, verified=verified)
