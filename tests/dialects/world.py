"""Test data with fixed ids and dates, so that responses can be compared byte by byte."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import InterfaceError, ProgrammingError, connection
from django.test import override_settings
from django.utils import timezone
from factory import Transformer

from accounts.browser_sessions import Session
from accounts.jwt.issuers import development_jwt, development_name
from accounts.models import ApplicationAccess, OAuthApplication, User
from accounts.oauth.tokens import issue_token
from accounts.session_store import SessionStore, stored_session_key
from core.addresses import normalize_address
from invitations.email.limits import count_email_to
from invitations.models import Invitation
from orgs.actions.api_keys import create_api_key
from orgs.models import Organization, Role
from orgs.permissions import (
    ADMIN_ROLE,
    CREATE_PROJECTS,
    LIST_PROJECTS,
    MANAGE_BILLING,
    MANAGE_MEMBERS,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEW,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import (
    ExternalIdentityFactory,
    InvitationFactory,
    MembershipFactory,
    OAuthApplicationFactory,
    OrganizationFactory,
    RoleFactory,
    UnitFactory,
    UserFactory,
)
from tests.support.people import session_of

SIGNED_IN = datetime(2026, 1, 22, 10, 30, tzinfo=UTC)
FAR_AWAY = datetime(2126, 1, 22, 10, 30, 0, 678_000, tzinfo=UTC)
PEOPLE = ("owner", "admin", "member", "invitee", "stranger", "manager")


def key(number: int) -> UUID:
    """Return an id that is unique in all four representations. One representation has only the first 96 bits."""
    return UUID(f"01900000-{number:04x}-7000-8000-00000000{number:04x}")


ERASED = key(0x99)  # a user who was erased


def moment(day: int) -> datetime:
    return datetime(2026, 1, day, 9, 15, 30, 123_456, tzinfo=UTC)


class World:
    """The people, two organizations, and an invitation in each state."""

    def __init__(self) -> None:
        self.people = {name: self.make_person(name, number) for number, name in enumerate(PEOPLE, start=1)}
        self.program = UserFactory.create(id=key(7), system=True)
        self.make_organizations()
        self.make_units()
        self.make_invitations()
        self.credentials = {name: self.credentials_of(user) for name, user in self.people.items()}
        self.credentials["program"] = {"token": self.program_token()}
        self.credentials["late owner"] = {"token": self.token_of(self.people["owner"], timedelta(minutes=-1))}
        self.credentials["narrow invitee"] = {"token": self.token_of(self.people["invitee"], scopes="organizations")}
        ApplicationAccess.objects.update(last_used_at=timezone.now())  # recent, so that requests do not update it

    # Callers and their credentials

    def make_person(self, name: str, number: int) -> User:
        address = f"{name}@example.com"
        return UserFactory.create(email=address, id=key(number), first_name=name.capitalize(), last_name="Cast")

    def credentials_of(self, user: User) -> dict[str, str]:
        """Return the person's credentials by kind. Each credential has been used before."""
        ExternalIdentityFactory.create(user=user, issuer=development_name(), subject=str(user.pk))
        return {
            "session": self.session_of(user),
            "token": self.token_of(user),
            "jwt": development_jwt(user),
        }

    def session_of(self, user: User) -> str:
        """Create a session for the person and return its key. The key is the same in every run."""
        records = [{"method": "password", "at": SIGNED_IN.timestamp(), "email": user.email}]
        data = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            "account_authentication_methods": records,
            "account_authentication_methods_user": str(user.pk),
        }
        session_key = f"{user.first_name.lower():x<32}"
        Session.objects.create(
            session_key=stored_session_key(session_key),
            session_data=SessionStore().encode(data),
            expire_date=FAR_AWAY,
            user=user,
        )
        return session_key

    def token_of(
        self, user: User, lifetime: timedelta = timedelta(hours=1), scopes: str = "invitations organizations"
    ) -> str:
        application, _ = OAuthApplication.objects.get_or_create(
            name="Client", client_type="confidential", authorization_grant_type="authorization-code"
        )
        return issue_token(application, user, scopes, timezone.now() + lifetime)

    def program_token(self) -> str:
        """Return the token of a client-credentials grant, which belongs to no person."""
        application = OAuthApplicationFactory.create(
            service=True, name="Program", user=self.people["owner"], system_user=self.program
        )
        return issue_token(application, None, "invitations organizations", timezone.now() + timedelta(hours=1))

    # Organizations

    def make_organizations(self) -> None:
        self.organization = OrganizationFactory.create(
            id=key(0x10), slug="riverside", logo_url="https://example.com/riverside.png"
        )
        self.other_organization = OrganizationFactory.create(id=key(0x11), slug="hillside")
        self.manager_role = RoleFactory.create(
            id=key(0x30),
            organization=self.organization,
            name="Manager",
            permissions=Transformer.Force([MANAGE_MEMBERS, LIST_PROJECTS]),  # in the order that the golden files expect
        )
        people = self.people
        for name, role in (("owner", OWNER_ROLE), ("admin", ADMIN_ROLE), ("member", VIEWER_ROLE)):
            MembershipFactory.create(organization=self.organization, user=people[name], role_id=role)
        MembershipFactory.create(organization=self.organization, user=people["manager"], role_id=self.manager_role.pk)
        MembershipFactory.create(organization=self.organization, user=self.program, role_id=ADMIN_ROLE)
        MembershipFactory.create(organization=self.other_organization, user=people["stranger"], role_id=OWNER_ROLE)

    def make_units(self) -> None:
        values = {"organization": self.organization}
        self.workspace = UnitFactory.create(id=key(0x20), slug="design", **values)
        self.application = UnitFactory.create(
            id=key(0x21), kind="application", slug="shop", picture_url="https://example.com/shop.png", **values
        )
        self.empty_application = UnitFactory.create(id=key(0x22), kind="application", slug="kiosk", **values)
        self.tester_role = RoleFactory.create(
            id=key(0x31), organization=self.organization, level="unit", name="Tester", permissions=[UNIT_VIEW]
        )
        Role.objects.update(created_at=moment(1), updated_at=moment(1))

    # Invitations

    def make_invitations(self) -> None:
        """Create an invitation in each state. Invitations with higher numbers are newer."""
        self.invite(0x40, "invitee@example.com", role_id=VIEWER_ROLE, permissions=[CREATE_PROJECTS, MANAGE_BILLING])
        self.invite(0x41, "guest@example.com", unit=self.workspace, unit_role_id=UNIT_EDITOR_ROLE)
        self.invite(0x42, "viewer@example.com", unit=self.application, unit_role_id=UNIT_VIEWER_ROLE)
        self.invite(0x43, "tester@example.com", unit=self.application, unit_role=self.tester_role)
        self.invite(0x44, "orphan@example.com", by=None, role_id=UNASSIGNED_ROLE)
        self.invite(0x45, "bounced@example.com", undeliverable=True, finished_at=moment(9))
        self.invite(0x46, "too-late@example.com", expires_at=moment(20))
        self.invite(0x47, "expired@example.com", expired=True, expires_at=moment(20), finished_at=moment(20))
        self.invite(0x48, "withdrawn@example.com", cancelled=True, finished_at=moment(9))
        self.invite(0x49, "declined@example.com", declined=True, finished_at=moment(9))
        self.invite(0x4A, "manager@example.com", accepted=True, finished_at=moment(9))
        self.invite(0x4B, "waiting@example.com", status="processing")
        self.invite(0x4C, "invitee@example.com", cancelled=True, finished_at=moment(14))
        self.invite(0x4D, "invitee@example.com", by=None, unit=self.workspace, unit_role_id=UNIT_EDITOR_ROLE)
        Invitation.objects.filter(inviter=None).update(inviter_user_id=ERASED)
        stranger, other = self.people["stranger"], self.other_organization
        self.invite(0x50, "invitee@example.com", by=stranger, organization=other, role_id=ADMIN_ROLE)

    def invite(self, number: int, email: str, **values: Any) -> Invitation:
        inviter = values.pop("by", self.people["owner"])
        organization = values.pop("organization", self.organization)
        values.setdefault("expires_at", FAR_AWAY)
        day = number - 0x3F
        dates = {"created_at": moment(day), "updated_at": moment(day)}
        return InvitationFactory.create(
            organization=organization, email=email, inviter=inviter, id=key(number), **dates, **values
        )


# Functions that change the data, by the text after "Given" in a golden file


def no_free_seat(world: World) -> AbstractContextManager[None]:
    return changing(Organization, seat_limit=1)


def no_open_slot(world: World) -> AbstractContextManager[None]:
    return changing(Organization, open_invitation_limit=1)


def changing(model: Any, **values: Any) -> AbstractContextManager[None]:
    @contextmanager
    def changed() -> Iterator[None]:
        model.objects.update(**values)
        yield

    return changed()


def crash(world: World) -> AbstractContextManager[None]:
    def refuse(*_: Any) -> None:
        raise ProgrammingError("there is no such column")

    return connection.execute_wrapper(refuse)


def database_that_is_gone(world: World) -> AbstractContextManager[None]:
    def refuse(*_: Any) -> None:
        raise InterfaceError("the connection is closed")

    return connection.execute_wrapper(refuse)


def throttle_in_front(world: World) -> AbstractContextManager[Any]:
    """Add a throttle to the operations. The service itself limits only emails and registrations."""
    return override_settings(ROOT_URLCONF="tests.dialects.limited")


def addresses_just_written_to(world: World) -> AbstractContextManager[None]:
    @contextmanager
    def written_to() -> Iterator[None]:
        with override_settings(RECIPIENT_EMAILS_PER_HOUR=1):
            for address in ("new@example.com", "guest@example.com"):
                count_email_to(normalize_address(address))
            yield

    return written_to()


def short_bodies(world: World) -> AbstractContextManager[Any]:
    return override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=20)


def key_of_the_owner(world: World) -> AbstractContextManager[Any]:
    owner = world.people["owner"]
    _, secret = create_api_key(by=session_of(owner), organization_id=world.organization.pk, name="Nightly")
    world.credentials["owner"]["key"] = secret
    return nullcontext()


def no_invitation(world: World) -> AbstractContextManager[None]:
    @contextmanager
    def without() -> Iterator[None]:
        Invitation.objects.all().delete()
        yield

    return without()


GIVEN: dict[str, Callable[[World], AbstractContextManager[Any]]] = {
    "no seat is free": no_free_seat,
    "a statement is wrong": crash,
    "the database is gone": database_that_is_gone,
    "a throttle is put in front that lets nobody through": throttle_in_front,
    "a body may have twenty bytes": short_bodies,
    "the owner has an API key": key_of_the_owner,
    "the address was sent as many mails as it should be in an hour": addresses_just_written_to,
    "nobody is invited": no_invitation,
    "the limit of open invitations is reached": no_open_slot,
}
