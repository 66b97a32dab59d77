"""The drill for operators: every key is replaced twice, and nobody notices.

What was made with the first keys is used when they are the oldest of three, then after ``manage.py rotate_keys`` when
the older ENCRYPTION_KEYS are gone.
"""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as current_counters
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.known_devices import known_device
from accounts.models import User
from accounts.pages.once import form_key, once_for
from core.addresses import Address
from invitations.bulk.rows import InviteRow
from invitations.bulk.upload_drafts import Draft, opened, sealed
from invitations.email.limits import RecipientSendingLimitReached, count_email_to
from invitations.email.suppressions import suppressions_by
from invitations.tokens import Purpose, link_for, token_for
from invitations.uploads.rows import read_text
from orgs.actions.api_keys import authenticate
from orgs.authentication import key_token_principal, token_for_key
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE
from tests.factories import (
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    SuppressionFactory,
    UserFactory,
    WebhookEndpointFactory,
)
from tests.factories.webhooks import FORMER_SECRET, SECRET
from tests.support.outbox import Mailbox
from tests.support.people import PASSWORD, membership_of, session_of

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

USE_OF_A_KEY = re.compile(
    r"settings\.(SECRET_KEY|[A-Z_]+_KEYS)\b|salted_hmac\(|signing\.\w|Signer\(|keyed_hashes\(|\b(en|de)crypt\(|"
    r"default_token_generator\.|EmailConfirmationHMAC\("
)
# Each module that uses a key, and the test of what it made with an older one.
DRILLS = {
    "accounts/actions/encryption.py": "test_a_sign_in_that_waits_for_the_code_goes_on",
    "accounts/api/idempotency.py": "test_a_repeated_request_gets_the_same_response",
    "accounts/email/purposes.py": "test_links_about_accounts_still_work",
    "accounts/known_devices.py": "test_a_browser_is_still_known",
    "accounts/models.py": "test_nobody_is_signed_out",
    "accounts/pages/two_factor.py": "test_a_sign_in_that_waits_for_the_code_goes_on",
    "accounts/session_store.py": "test_nobody_is_signed_out",
    "core/api/cursors.py": "test_a_cursor_still_leads_to_the_next_page",
    "invitations/bulk/upload_drafts.py": "test_a_list_that_waits_for_confirmation_can_be_confirmed",
    "invitations/email/address_hashes.py": "test_an_unsubscribed_address_stays_unsubscribed",
    "invitations/email/limits.py": "test_earlier_emails_to_an_address_still_count",
    "invitations/tokens.py": "test_links_of_invitations_still_open_them",
    "orgs/authentication.py": "test_an_exchanged_api_key_is_still_valid",
    "webhooks/actions/endpoints.py": "test_webhooks_are_signed_with_the_same_secret",
    "webhooks/models.py": "test_webhooks_are_signed_with_the_same_secret",
}
NOTHING_TO_KEEP = {
    "accounts/actions/sign_ins.py",  # the subject of events about addresses without an account, which nobody looks up
    "core/encryption.py",  # what the others call
    "invitations/dialects/wacht.py",  # shows an id of the session, which nobody looks up
    "perfectworks/request_mirror.py",  # a minute
    "perfectworks/transfer/tables.py",  # makes a new secret
}

ROOT = Path(__file__).parents[2]
PACKAGES = ("accounts", "core", "events", "invitations", "orgs", "outbox", "perfectworks", "webhooks")
KEYS = ["first", "second", "third"]
LISTS = ("INVITATION_TOKEN_KEYS", "ENCRYPTION_KEYS", "ADDRESS_KEYS")


def key_of(name: str, generation: str) -> str:
    return f"the {generation} {name}, which is long enough to be a key"


def use_keys(settings: Any, number: int) -> None:
    """Use the keys of this many generations, the newest first."""
    generations = KEYS[:number][::-1]
    settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS = [key_of("SECRET_KEY", each) for each in generations]
    for name in LISTS:
        setattr(settings, name, [key_of(name, each) for each in generations])


@pytest.fixture(autouse=True)
def _the_first_keys(settings: Any) -> None:
    use_keys(settings, 1)


@pytest.fixture(params=["three generations", "rotated"])
def rotate(request: pytest.FixtureRequest, settings: Any) -> Callable[[], None]:
    """Return a function that replaces all keys twice, and lets the command run or not."""

    def run() -> None:
        use_keys(settings, 2)
        use_keys(settings, 3)
        if request.param == "rotated":
            call_command("rotate_keys", stdout=StringIO(), stderr=StringIO())
            settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]

    return run


@pytest.fixture
def person(settings: Any) -> User:
    """A person whose credentials were ended once, which is part of the hash in the session."""
    person: User = UserFactory.create(email="person@example.com", password=PASSWORD)
    person.credentials_ended_at = timezone.now()
    person.save()
    return person


def sign_in(client: Client) -> Any:
    return client.post("/accounts/login/", {"login": "person@example.com", "password": PASSWORD})


def is_signed_in(client: Client) -> bool:
    return client.get("/invitations").status_code == 200


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(current_counters())))


def test_each_use_of_a_key_has_a_drill():
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if "migrations" not in file.parts]
    users = {str(file.relative_to(ROOT)) for file in files if USE_OF_A_KEY.search(file.read_text())}
    assert users == DRILLS.keys() | NOTHING_TO_KEEP
    assert set(DRILLS.values()) <= globals().keys()


def test_nobody_is_signed_out(client, person, rotate):
    sign_in(client)
    assert is_signed_in(client)

    rotate()
    assert is_signed_in(client)
    assert is_signed_in(client)  # also with the hash by the new key, which the first request has stored


def test_the_devices_of_a_person_are_still_listed(client, person, rotate):
    sign_in(client)
    rotate()

    assert client.get("/accounts/sessions/").context["sessions"]


def test_a_sign_in_that_waits_for_the_code_goes_on(client, person, rotate):
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    sign_in(client)
    rotate()

    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert is_signed_in(client)


def test_recovery_codes_still_open_the_account(client, person, rotate):
    TOTP.activate(person, generate_totp_secret())
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    rotate()
    sign_in(client)

    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_signed_in(client)


def test_a_browser_is_still_known(client, rf, person, rotate):
    sign_in(client)
    request = rf.get("/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    device = known_device(request, [person.pk])
    assert device is not None
    rotate()

    assert known_device(request, [person.pk]) == device
    client.post("/accounts/logout/")
    sign_in(client)  # the cookie now has the name by the new key
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    assert known_device(request, [person.pk]) == device


@pytest.fixture
def links(client: Client, person: User, mailoutbox: Mailbox) -> dict[str, str]:
    """Emailed links: to reset a password, and to verify a new account."""
    client.post("/accounts/password/reset/", {"email": "person@example.com"})
    Client().post("/accounts/signup/", {"email": "new@example.com", "password1": PASSWORD})
    found = [path for message in mailoutbox for path in re.findall(r"https?://\S+", str(message.body))]
    return {
        "reset": next(urlsplit(url).path for url in found if "/password/reset/key/" in url),
        "confirm": next(urlsplit(url).path for url in found if "/confirm-email/" in url),
    }


def test_links_about_accounts_still_work(links, rotate):
    rotate()
    visitor = Client()

    page = visitor.get(links["reset"], follow=True)
    assert page.context["form"] is not None
    assert b"password" in page.content
    assert visitor.get(links["confirm"]).status_code == 200
    visitor.post(links["confirm"])
    assert User.objects.get(email="new@example.com").email_is_verified


@pytest.mark.parametrize("purpose", Purpose)
def test_links_of_invitations_still_open_them(organization, owner, client, rotate, purpose):
    invitation = InvitationFactory.create(organization=organization, inviter=owner)
    path = f"/i/{token_for(invitation, purpose)}{'/no-mail' if purpose == Purpose.UNSUBSCRIBE else ''}"
    before = link_for(invitation)
    rotate()

    assert client.get(path, follow=True).status_code == 200
    assert link_for(invitation) != before


def test_an_unsubscribed_address_stays_unsubscribed(organization, rotate):
    SuppressionFactory.create(address="invitee@example.com")
    rotate()

    assert len(suppressions_by("invitee@example.com")) == 1


def test_earlier_emails_to_an_address_still_count(settings, rotate):
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    count_email_to(Address("invitee@example.com"))
    rotate()

    with pytest.raises(RecipientSendingLimitReached):
        count_email_to(Address("invitee@example.com"))


def test_webhooks_are_signed_with_the_same_secret(organization, rotate):
    endpoint = WebhookEndpointFactory.create(organization=organization, rotated=True)
    rotate()

    endpoint.refresh_from_db()
    assert endpoint.secrets_at(timezone.now()) == [SECRET, FORMER_SECRET]


def test_an_exchanged_api_key_is_still_valid(organization, owner, rotate):
    key = ApiKeyFactory.create(membership=membership_of(owner, organization), secret="pw_a-secret-of-a-key")
    token = token_for_key("pw_a-secret-of-a-key")
    rotate()

    assert token is not None
    for principal in (key_token_principal(token), authenticate("pw_a-secret-of-a-key")):
        assert principal is not None
        assert principal.credential_id == key.pk


def test_a_list_that_waits_for_confirmation_can_be_confirmed(organization, owner, rotate):
    draft = Draft(read_text("newcomer@example.com"), InviteRow(email="", role="Viewer"), 7, [], key="a-preview")
    text = sealed(draft, session_of(owner), organization.pk)
    rotate()

    assert opened(text, session_of(owner), organization.pk) == draft


def test_a_form_that_is_sent_again_does_nothing(owner, rotate):
    done: list[str] = []

    def send() -> None:
        once_for(session_of(owner), "invite_many", form_key("a-preview"), lambda: done.append("invited"))

    send()
    rotate()
    send()
    assert done == ["invited"]


@pytest.fixture
def api(person: User, organization: Organization) -> APIClient:
    MembershipFactory.create(organization=organization, user=person, role_id=ADMIN_ROLE)
    api = APIClient()
    api.force_login(person)
    return api


def test_a_cursor_still_leads_to_the_next_page(api, organization, rotate):
    for _ in range(3):
        InvitationFactory.create(organization=organization)
    path = f"/api/v0/organizations/{organization.pk}/invitations"
    [following] = re.findall(r'<([^>]+)>; rel="next"', api.get(path, {"limit": 2}).headers["Link"])
    rotate()

    assert "after=" in following
    assert len(api.get(following).json()["data"]) == 1


def test_a_repeated_request_gets_the_same_response(api, organization, rotate):
    path = f"/api/v0/organizations/{organization.pk}/invitations"
    body, headers = {"email": "newcomer@example.com"}, {"Idempotency-Key": "once"}
    first = api.post(path, body, headers=headers)
    rotate()

    assert first.status_code == 201
    assert api.post(path, body, headers=headers).json() == first.json()
