"""Test that the emailed link lets an account without a password set one, and that nothing else does."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.principals import Principal
from core.addresses import normalize_address
from invitations.actions.transitions import leave_pending, raise_generation
from invitations.pages.link_session import load_proof
from invitations.tokens import Proof, Purpose
from orgs.actions.accounts import secure_account
from tests.factories import ExternalIdentityFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.people import PASSWORD, session_of

ADDRESS = "invitee@example.com"
OFFER = (
    "Your account for invitee@example.com has no password yet, so you can't sign in here. "
    "Set one now. You don't need another email."
)


@pytest.fixture
def invitee(db) -> User:
    """Return a person who is known by an identity provider only."""
    return ExternalIdentityFactory.create(user__email=ADDRESS).user


def path(invitation):
    return f"/invitations/{invitation.pk}/set-password"


def set_password(client, invitation, password=PASSWORD, **form):
    return client.post(path(invitation), {"password1": password, **form})


@pytest.mark.usefixtures("invitee")
@pytest.mark.parametrize("page", ["sign-in", "sign-up"])
def test_signing_in_and_up_offer_it_to_the_emailed_link(client, invitation, open_link, page):
    open_link(invitation)

    response = client.get(f"/invitations/{invitation.pk}/{page}")

    assert OFFER in visible_text(response)
    assert f'href="{path(invitation)}"' in response.content.decode()


@pytest.mark.usefixtures("invitee")
def test_the_page_names_the_account(client, invitation, open_link):
    open_link(invitation)

    response = client.get(path(invitation))

    assert response.status_code == 200
    assert visible_text(response)[:5] == [
        "Invitation to Riverside",
        "Back to the invitation",
        "Set a password",
        "Your account has no password yet. With a password, you can sign in here and respond to the invitation.",
        "Email",
    ]
    assert 'value="invitee@example.com"' in str(response.context["form"]["email"])
    assert "readonly" in str(response.context["form"]["email"])


def test_the_password_signs_in_and_leads_straight_back(client, invitation, invitee, open_link, mailoutbox):
    open_link(invitation)
    before = client.session.session_key

    with track_changes() as changes:
        response = set_password(client, invitation, email="another@example.com")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.events == [
        event("user.password_changed", invitee, session_of(invitee)),
        event("user.signed_in", invitee, session_of(invitee), methods=["password"]),
    ]
    assert [message.subject for message in mailoutbox] == ["Your password was changed"]
    assert client.session.session_key != before
    assert visible_text(client.get(response["Location"]))[-1] == f"You're signed in as {ADDRESS}."
    assert client.post(f"/invitations/{invitation.pk}/accept").status_code == 302
    invitee.refresh_from_db()
    assert invitee.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "12345678901", "password123", ADDRESS])
def test_a_weak_password_is_refused(client, invitation, invitee, open_link, password):
    open_link(invitation)

    with track_changes() as changes:
        response = set_password(client, invitation, password)

    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"password1"}
    assert changes.nothing


def test_it_works_once(client, invitation, invitee, open_link):
    open_link(invitation)
    set_password(client, invitation)
    client.post("/accounts/logout/")
    open_link(invitation)

    response = set_password(client, invitation, "another calm and long phrase")

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}/sign-in")
    invitee.refresh_from_db()
    assert invitee.check_password(PASSWORD)


@pytest.mark.parametrize(
    "account",
    [
        {"password": "an older calm phrase"},
        {"staff": True},
        {"deactivated": True},
        {"deleted": True},
        {"credentials_ended_at": timezone.now()},
        {"unverified": True, "email_address": None},
    ],
)
def test_other_accounts_cannot_set_one(client, invitation, open_link, account):
    user = UserFactory.create(email=ADDRESS, **account)
    open_link(invitation)

    assert OFFER not in visible_text(client.get(f"/invitations/{invitation.pk}/sign-in"))
    with track_changes() as changes:
        for response in (client.get(path(invitation)), set_password(client, invitation)):
            assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}/sign-in")
    assert changes.nothing
    assert User.objects.get(pk=user.pk).password == user.password


def test_an_account_that_staff_secured_gets_its_password_from_the_reset_email_only(
    client, invitation, invitee, open_link, by_staff: Principal
):
    invitee.set_password(PASSWORD)
    invitee.save()
    secure_account(by=by_staff, user=invitee, address=normalize_address(ADDRESS))
    open_link(invitation)

    assert OFFER not in visible_text(client.get(f"/invitations/{invitation.pk}/sign-in"))
    with track_changes() as changes:
        assert set_password(client, invitation)["Location"] == f"/invitations/{invitation.pk}/sign-in"
    assert changes.nothing
    assert not User.objects.get(pk=invitee.pk).has_usable_password()


def test_an_account_with_another_address_cannot_set_one(client, invitation, open_link):
    UserFactory.create(email="another@example.com")
    open_link(invitation)

    assert client.get(path(invitation))["Location"] == f"/invitations/{invitation.pk}/sign-in"


@pytest.mark.usefixtures("invitee")
@pytest.mark.parametrize("purpose", [Purpose.LISTED, None])
def test_only_the_emailed_link_proves_the_mailbox(client, invitation, open_link, purpose):
    if purpose:
        open_link(invitation, purpose)
        assert OFFER not in visible_text(client.get(f"/invitations/{invitation.pk}/sign-in"))

    with track_changes() as changes:
        assert client.get(path(invitation)).status_code == 302
        assert set_password(client, invitation).status_code == 302
    assert changes.nothing
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("invitee")
@pytest.mark.parametrize("ending", ["older", "cancelled", "expired"])
def test_the_link_of_an_older_email_or_an_ended_invitation_sets_none(client, invitation, open_link, ending):
    open_link(invitation)
    if ending == "older":
        raise_generation(invitation.pk)
    else:
        leave_pending(invitation.pk, ending)

    with track_changes() as changes:
        response = set_password(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert changes.nothing


@pytest.mark.usefixtures("invitee")
def test_the_session_keeps_what_the_link_proved(client, invitation, open_link):
    open_link(invitation)

    set_password(client, invitation)

    assert load_proof(client.session, invitation.pk) == Proof(invitation.pk, 1, Purpose.EMAILED)
