"""Demo data for a development database. It is created with the same actions that production uses."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import OAuthApplication, User
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.errors import DomainError
from invitations.actions import answering, ending, inviting
from invitations.models import Invitation
from orgs.actions import organizations, units
from orgs.actions.accounts import register_system_user
from orgs.models import Membership, Organization, Unit
from orgs.oauth.applications import register_service_client
from orgs.permissions import (
    ADMIN_ROLE,
    CREATE_PROJECTS,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)

PASSWORD = "perfectworks-demo"  # noqa: S105 - public, and not accepted outside DEBUG
PEOPLE = ("owner", "admin", "member", "invitee", "stranger")
STAFF = "staff"
ORGANIZATION = "riverside-cooperative"
OTHER_ORGANIZATION = "hillside-studio"


@dataclass(frozen=True)
class World:
    """The demo data: people, two organizations, and one invitation for each state."""

    people: dict[str, User]
    organization: Organization
    other_organization: Organization
    workspace: Unit
    application: Unit
    service: Membership
    invitations: dict[str, Invitation]


@transaction.atomic
def make_world() -> World:
    """Create the missing parts of the demo data, and return all of it.

    If a demo invitation that should be open has been answered, create a new invitation.
    """
    people = {name: _person(name) for name in PEOPLE}
    _person(STAFF)
    if not Organization.objects.filter(slug=ORGANIZATION).exists():
        _make_organizations(people)
    organization = Organization.objects.get(slug=ORGANIZATION)
    return World(
        people=people,
        organization=organization,
        other_organization=Organization.objects.get(slug=OTHER_ORGANIZATION),
        workspace=organization.units.get(kind=Unit.Kind.WORKSPACE, slug="main-workspace"),
        application=organization.units.get(kind=Unit.Kind.APPLICATION, slug="field-app"),
        service=organization.memberships.filter(user__kind=User.Kind.SYSTEM).earliest("created_at"),
        invitations={
            **{name: _open_invitation(_as(people["owner"]), organization, to) for name, to in OPEN_INVITATIONS.items()},
            **{name: _newest_invitation(organization, to) for name, to in ENDED_INVITATIONS.items()},
        },
    )


OPEN_INVITATIONS = {
    "pending": "invitee@example.com",
    "workspace": "workspace-guest@example.com",
    "application": "application-guest@example.com",
}
ENDED_INVITATIONS = {
    "expired": "too-late@example.com",
    "error": "no-such-mailbox@example.com",
}
MAX_NAMESAKES = 20


def client() -> OAuthApplication:
    """Return the demo's OAuth client that acts on behalf of people."""
    made, _ = OAuthApplication.objects.get_or_create(
        name="Demonstration client",
        defaults={
            "client_type": OAuthApplication.CLIENT_PUBLIC,
            "authorization_grant_type": OAuthApplication.GRANT_AUTHORIZATION_CODE,
            "redirect_uris": "http://127.0.0.1:9000/callback",
        },
    )
    return made


def service_client(world: World) -> OAuthApplication:
    """Return the OAuth client of the demo's system user."""
    existing = OAuthApplication.objects.filter(system_user=world.service.user).first()
    if existing:
        return existing
    owner = _as(world.people["owner"])
    registered, _ = register_service_client(
        by=owner, organization_id=world.organization.pk, membership_id=world.service.pk, name="Demonstration service"
    )
    return registered


def is_present() -> bool:
    """Return whether the database has the demo data."""
    return Organization.objects.filter(slug=ORGANIZATION).exists()


def _person(name: str) -> User:
    address = f"{name}@example.com"
    existing = User.objects.filter(email=address).first()
    return existing or User.objects.create_verified_user(
        address,
        PASSWORD,
        first_name="Demo",
        last_name=name.capitalize(),
        is_staff=name == STAFF,
        is_superuser=name == STAFF,
    )


def _as(user: User) -> Principal:
    return Principal(user=user, method=Method.SESSION, authenticated_at=timezone.now())


def _make_organizations(people: dict[str, User]) -> None:
    owner, stranger = _as(people["owner"]), _as(people["stranger"])
    organization = organizations.create_organization(
        by=owner,
        name="Riverside Cooperative",
        slug=ORGANIZATION,
        description="A demonstration organization with a few members and every kind of invitation.",
        website="https://riverside.example.com",
    )
    other = organizations.create_organization(by=stranger, name="Hillside Studio", slug=OTHER_ORGANIZATION)
    inviting.invite(
        by=stranger, organization_id=other.pk, email=normalize_address("invitee@example.com"), role_id=EDITOR_ROLE
    )
    _join(owner, organization, people["admin"], ADMIN_ROLE)
    _join(owner, organization, people["member"], VIEWER_ROLE)
    register_system_user(by=owner, organization_id=organization.pk, name="Demo service", role_id=ADMIN_ROLE)
    _invite_to_units(owner, organization)
    _invite_with_every_outcome(owner, organization)
    _invite(
        owner, organization, "direct-permissions@example.com", permissions=frozenset({MANAGE_MEMBERS, MANAGE_BILLING})
    )
    _invite(owner, organization, "invitee@example.com", role_id=VIEWER_ROLE, permissions=frozenset({CREATE_PROJECTS}))


def _join(owner: Principal, organization: Organization, person: User, role_id: object) -> None:
    invitation = _invite(owner, organization, str(person.email), role_id=role_id)
    answering.accept(by=_as(person), invitation_id=invitation.pk)


def _newest_invitation(organization: Organization, email: str) -> Invitation:
    return Invitation.objects.with_details().filter(organization=organization, email=email).latest("created_at")


def _open_invitation(owner: Principal, organization: Organization, email: str) -> Invitation:
    """Return the newest invitation to the address if it is open, else a new invitation with the same grant.

    If the person has joined already, the new invitation goes to a similar address.
    """
    first = _newest_invitation(organization, email)
    for address in _namesakes(email):
        with suppress(Invitation.DoesNotExist):
            newest = _newest_invitation(organization, address)
            if newest.is_open:
                return newest
        with suppress(DomainError):
            _invite_like(owner, first, address)
            return _newest_invitation(organization, address)
    return first


def _namesakes(email: str) -> list[str]:
    name, _, domain = email.partition("@")
    return [email, *(f"{name}-{number}@{domain}" for number in range(2, MAX_NAMESAKES))]


def _invite_like(owner: Principal, other: Invitation, email: str) -> None:
    grant = {"role_id": other.role_id, "unit_id": other.unit_id, "unit_role_id": other.unit_role_id}
    _invite(owner, other.organization, email, permissions=frozenset(other.permissions), **grant)


def _invite_to_units(owner: Principal, organization: Organization) -> None:
    workspace = units.create_unit(
        by=owner,
        organization_id=organization.pk,
        kind=Unit.Kind.WORKSPACE,
        name="Main Workspace",
        slug="main-workspace",
    )
    application = units.create_unit(
        by=owner, organization_id=organization.pk, kind=Unit.Kind.APPLICATION, name="Field App", slug="field-app"
    )
    for address, unit, role in (
        ("workspace-guest@example.com", workspace, UNIT_EDITOR_ROLE),
        ("second-application-guest@example.com", application, UNIT_EDITOR_ROLE),
        ("application-guest@example.com", application, UNIT_VIEWER_ROLE),
    ):
        _invite(
            owner, organization, address, unit_id=unit.pk, unit_role_id=role, permissions=frozenset({LIST_PROJECTS})
        )


def _invite_with_every_outcome(owner: Principal, organization: Organization) -> None:
    """Create one declined, one canceled, one undeliverable and one expired invitation."""
    declined = _invite(owner, organization, "stranger@example.com")
    stranger = User.objects.get(email="stranger@example.com")
    answering.decline(by=_as(stranger), invitation_id=declined.pk, reason="I already have a studio of my own.")
    cancelled = _invite(owner, organization, "withdrawn@example.com")
    inviting.cancel(by=owner, organization_id=organization.pk, invitation_id=cancelled.pk)
    failed = _invite(owner, organization, ENDED_INVITATIONS["error"])
    failed.emails.update(state="failed", due_at=None, response="550 5.1.1 No such mailbox")
    ending.fail(invitation_id=failed.pk, generation=failed.generation, reason="550 5.1.1")
    expired = _invite(owner, organization, ENDED_INVITATIONS["expired"])
    expired.emails.update(state="sent", due_at=None, sent_at=timezone.now())
    Invitation.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(days=1))
    ending.expire(organization_id=organization.pk)


def _invite(owner: Principal, organization: Organization, email: str, **grant: object) -> Invitation:
    return inviting.invite(by=owner, organization_id=organization.pk, email=normalize_address(email), **grant)  # type: ignore[arg-type]
