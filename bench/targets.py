"""The requests that are measured, and their counterparts in the references."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, cycle
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import OAuthApplication, User
from accounts.oauth.tokens import issue_token
from bench.lists import FIRST_BY_CURSOR, pages_by_cursor, pages_by_number
from bench.seed import RECEIVED
from core.ids import to_decimal, to_oid, to_ulid, uuid7
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.api_keys import create_api_key
from orgs.models import ApiKey, Membership, Organization, Unit
from orgs.permissions import OWNER_ROLE
from tests.factories import OAuthApplicationFactory
from tests.support.people import session_of

CSRF = "c" * 32
FLOOR, SELECT_ONE = "floor: a bare view", "floor: a bare view with SELECT 1"


@dataclass(frozen=True)
class Request:
    """A request to one of the servers."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Target:
    """A kind of request. ``requests`` yields the next one. ``reference`` names the target that it is compared to.

    ``peer`` names the same target of better-auth, which is measured only on request (``bench.peers``).
    ``is_slow`` is True if a round has only one such request. ``warm_up`` requests are sent before the first round.
    """

    name: str
    requests: Iterator[Request]
    server: str = "service"
    reference: str = ""
    peer: str = ""
    is_slow: bool = False
    warm_up: int = 5


class Callers:
    """The credentials of the people who send the requests."""

    def __init__(self) -> None:
        self.organization = Organization.objects.get(slug="middle-0")
        self.owner = self.owner_of(self.organization)
        self.receiver = User.objects.get(email="receiver@example.com")
        undo_earlier_runs()
        self.key = self.key_of_owner()
        self.application = OAuthApplicationFactory.create(name="Benchmark", user=self.owner)

    @staticmethod
    def owner_of(organization: Organization) -> User:
        """Return the owner, who sent all invitations of the organization."""
        return User.objects.get(memberships__organization=organization, memberships__assignments__role_id=OWNER_ROLE)

    def key_of_owner(self) -> dict[str, str]:
        """Return the header with an API key of the owner."""
        _, secret = create_api_key(by=session_of(self.owner), organization_id=self.organization.pk, name="Benchmark")
        return {"X-API-Key": secret}

    def token(self, user: User) -> dict[str, str]:
        """Return the header with an OAuth token."""
        application: OAuthApplication = self.application
        expiry = timezone.now() + timedelta(hours=12)
        return {"Authorization": f"Bearer {issue_token(application, user, 'invitations organizations', expiry)}"}

    def session(self, user: User) -> dict[str, str]:
        """Return the headers of a browser in which the person is signed in."""
        browser = Client()
        browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"
        return {"Cookie": cookies, "X-CSRFToken": CSRF}


def undo_earlier_runs() -> None:
    """Delete what earlier runs added, and open the accepted invitations again."""
    ApiKey.objects.all().delete()
    OAuthApplication.objects.all().delete()
    Invitation.objects.filter(email__startswith="new-").delete()
    Membership.objects.filter(user__email__startswith="accepting-").delete()
    Email.objects.filter(invitation__email__startswith="accepting-", kind=Email.Kind.ANSWERED).delete()
    open_again = {"status": "pending", "finished_at": None, "answered_by": None, "given": None}
    Invitation.objects.filter(email__startswith="accepting-").update(**open_again)


def targets() -> list[Target]:
    """Return all kinds of request, with fresh credentials."""
    callers = Callers()
    return [*references(callers), *service(callers)]


def references(callers: Callers) -> list[Target]:
    """Return the requests to the views of ``bench.reference``."""
    invitations = f"/organizations/{callers.organization.pk}/invitations"
    person = {"X-Person": str(callers.receiver.email)}
    requests = {
        FLOOR: repeat("/floor"),
        SELECT_ONE: repeat("/select-one"),
        "reference: list of 20": repeat(f"{invitations}?limit=20", callers.key),
        "reference: my invitations": repeat(f"/invitations?limit={RECEIVED}", person),
        "reference: accept": acceptances("reference", lambda user: {"X-Person": str(user.email)}, "/invitations"),
        "reference: invite": invite_new(invitations, callers.key),
    }
    return [Target(name, of_target, server="reference") for name, of_target in requests.items()]


def service(callers: Callers) -> list[Target]:
    """Return the requests to the service."""
    organization = callers.organization.pk
    app = Unit.objects.get(organization=organization, kind=Unit.Kind.APPLICATION)
    small, large = (Organization.objects.get(slug=slug) for slug in ("small-0", "large-0"))
    key, token = callers.key, callers.token(callers.owner)
    received_token, received_session = callers.token(callers.receiver), callers.session(callers.receiver)
    house = f"/api/v0/organizations/{organization}"
    of_app = f"/applivery/v1/organizations/{to_oid(organization)}/apps/{to_oid(app.pk)}/collaborators/invitations"
    of_small = f"/wacht/organizations/{to_decimal(small.pk)}/invitations"
    lists = {
        "house: list of 20": repeat(f"{house}/invitations?limit=20", key),
        "Upsun: list of 20": repeat(f"/upsun/organizations/{to_ulid(organization)}/invitations?page[size]=20", token),
        "Applivery: list of 20": repeat(f"{of_app}?limit=20", token),
        "Wacht: list of 20": repeat(of_small, callers.session(callers.owner_of(small))),
    }
    mine = {
        "house: my invitations": repeat(f"/api/v0/invitations?limit={RECEIVED}", received_session),
        "ZenML: my invitations": repeat("/zenml/invitations", received_token),
    }
    checks = {
        "organization, by API key": repeat(house, key),
        "organization, by OAuth token": repeat(house, token),
        "profile, by session": repeat("/api/v0/users/profile", received_session),
    }
    accept = {"house: accept": acceptances("service", callers.session, "/api/v0/invitations")}
    invite = {"house: invite": invite_new(f"{house}/invitations", key)}
    return [
        *compared(lists, "reference: list of 20", "better-auth: list of 20"),
        *compared(mine, "reference: my invitations", "better-auth: my invitations"),
        *compared(checks, SELECT_ONE, "better-auth: get-session"),
        *compared(accept, "reference: accept", "better-auth: accept"),
        *of_a_million(callers, large),
        *compared(invite, "reference: invite", "better-auth: invite"),
    ]


def compared(requests: dict[str, Iterator[Request]], reference: str, peer: str) -> list[Target]:
    """Return targets of the service that are compared to the same reference and peer."""
    return [Target(name, of_target, reference=reference, peer=peer) for name, of_target in requests.items()]


def of_a_million(callers: Callers, organization: Organization) -> list[Target]:
    """Return the requests for the lists of the largest organization. The first is compared to a list of 20."""
    owner = callers.owner_of(organization)
    token = callers.token(owner)
    application = Unit.objects.get(organization=organization, kind=Unit.Kind.APPLICATION)
    by_cursor = pages_by_cursor(organization, token, owner)
    references = dict.fromkeys(by_cursor, FIRST_BY_CURSOR) | {FIRST_BY_CURSOR: "house: list of 20"}
    return [
        *(Target(name, repeat(path, token), reference=references[name]) for name, path in by_cursor.items()),
        *(
            Target(name, repeat(path, token), reference=FIRST_BY_CURSOR, is_slow=True)
            for name, path in pages_by_number(organization, application).items()
        ),
    ]


def repeat(path: str, headers: dict[str, str] | None = None) -> Iterator[Request]:
    """Yield the same request again and again."""
    return cycle([Request(path, headers or {})])


def acceptances(server: str, credential: Callable[[User], dict[str, str]], path: str) -> Iterator[Request]:
    """Yield the acceptance of another person each time, with the credential of this person."""
    waiting = Invitation.objects.filter(email__startswith=f"accepting-{server}-").open()
    for invitation in list(waiting):
        headers = credential(User.objects.get(email=invitation.email))
        yield Request(f"{path}/{invitation.pk}/accept", headers, "POST", {})


def invite_new(path: str, headers: dict[str, str], terms: Mapping[str, str] | None = None) -> Iterator[Request]:
    """Yield the invitation of another address each time. ``terms`` are further fields of its body."""
    for _ in count():
        yield Request(path, headers, "POST", {"email": f"new-{uuid7()}@example.com", **(terms or {})})
