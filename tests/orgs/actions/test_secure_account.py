"""Staff take an account back from somebody who has taken it over."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from oauth2_provider.models import get_access_token_model

from accounts.models import ApplicationAccess, User
from accounts.principals import Principal
from core.addresses import normalize_address
from orgs.actions.accounts import secure_account
from orgs.actions.api_keys import authenticate, create_api_key
from orgs.models import Organization
from tests.accounts.oauth.exchange import CALLBACK, Program, tokens_of
from tests.factories import EmailAddressFactory
from tests.support.changes import event, track_changes
from tests.support.outbox import account_emails
from tests.support.people import PASSWORD, session_of

pytestmark = pytest.mark.django_db

ADDRESS = normalize_address("member@example.com")


@pytest.fixture
def taken_over(organization: Organization, member: User) -> User:
    """The member, whose password somebody knows who has added another address as the primary one."""
    member.set_password(PASSWORD)
    member.email = normalize_address("thief@example.com")
    member.save()
    EmailAddress.objects.filter(user=member).update(primary=False)
    EmailAddressFactory.create(user=member, email=member.email, primary=True)
    EmailAddressFactory.create(user=member, email="unverified@example.com", verified=False)
    return member


def test_everything_that_the_intruder_had_ends(
    organization: Organization, taken_over: User, by_staff: Principal, django_capture_on_commit_callbacks
):
    key, secret = create_api_key(by=session_of(taken_over), organization_id=organization.pk, name="Thief")
    browser = Client()
    browser.force_login(taken_over)
    with track_changes() as changes, django_capture_on_commit_callbacks(execute=True):
        secure_account(by=by_staff, user=taken_over, address=ADDRESS)
    assert changes.events == [
        event("api_key.deleted", key, by_staff, organization, membership_id=key.membership_id),
        event("user.address_removed", taken_over, by_staff),
        event("user.address_removed", taken_over, by_staff),
        event("user.secured", taken_over, by_staff),
    ]
    taken_over.refresh_from_db()
    assert (taken_over.email, taken_over.is_active, taken_over.has_usable_password()) == (ADDRESS, True, False)
    assert list(EmailAddress.objects.filter(user=taken_over).values_list("email", "verified", "primary")) == [
        (ADDRESS, True, True)
    ]
    assert authenticate(secret) is None
    assert browser.get("/accounts/profile/").status_code == 302
    assert taken_over.memberships.count() == 1


def test_oauth_tokens_end(taken_over: User, owner: User, by_staff: Principal):
    from orgs.oauth.applications import register_client

    program = Program(*register_client(by=session_of(owner), name="Calendar", redirect_uris=[CALLBACK]))
    tokens_of(program, taken_over)
    secure_account(by=by_staff, user=taken_over, address=ADDRESS)
    assert not get_access_token_model().objects.filter(user=taken_over).exists()
    assert not ApplicationAccess.objects.filter(user=taken_over).exists()


def test_only_the_person_gets_the_link_and_chooses_a_password(
    taken_over: User, by_staff: Principal, client: Client, settings
):
    secure_account(by=by_staff, user=taken_over, address=ADDRESS)
    [message] = account_emails()
    assert message.to == ["member@example.com"]
    [link] = [word for word in message.body.split() if "/password/reset/key/" in word]
    opened = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
    client.post(opened["Location"], {"password1": "my own calm long phrase", "password2": "my own calm long phrase"})
    taken_over.refresh_from_db()
    assert taken_over.check_password("my own calm long phrase")


def test_the_account_is_secured_even_if_the_address_got_many_emails(taken_over: User, by_staff: Principal, settings):
    settings.ACCOUNT_EMAIL_LIMITS = {"account_email": "0/h/key"}
    secure_account(by=by_staff, user=taken_over, address=ADDRESS)
    taken_over.refresh_from_db()
    assert not taken_over.has_usable_password()
    assert len(account_emails()) == 1
