"""Test invitations to a person who deleted their account, and to an account that staff closed."""

import pytest
from allauth.account.models import EmailAddress

from accounts.jwt.identities import user_of
from accounts.jwt.tokens import Claims
from accounts.models import ExternalIdentity, User
from accounts.principals import staff
from core.addresses import normalize_address
from invitations.tokens import Purpose
from orgs.actions.accounts import deactivate_account, delete_account, purge_account, reactivate_account
from tests.factories import ExternalIdentityFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.people import PASSWORD, membership_of, session_of

ADDRESS = "invitee@example.com"
CLOSED = (
    "The account with this email address has been closed, so you can't use this address here. "
    "If this is a mistake, contact the people who run this service."
)


@pytest.fixture
def operator(db):
    return staff(UserFactory.create(email="staff@example.com", superuser=True), "accounts.delete_user")


@pytest.fixture
def deleted(invitee):
    """Return the account that its owner has deleted."""
    ExternalIdentityFactory.create(user=invitee, subject="subject-1")
    delete_account(by=session_of(invitee), user=invitee)
    invitee.refresh_from_db()
    return invitee


def sign_up(client, invitation):
    return client.post(f"/invitations/{invitation.pk}/sign-up", {"password1": PASSWORD})


def test_who_deleted_the_account_creates_a_new_one_with_the_emailed_link(client, invitation, deleted, open_link):
    open_link(invitation)

    response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, f"/invitations/{invitation.pk}")
    assert client.post(f"/invitations/{invitation.pk}/accept").status_code == 302
    user = User.objects.get(email=ADDRESS)
    assert user != deleted
    assert membership_of(user, invitation.organization)


def test_the_deleted_account_stays_deleted_and_loses_the_address(client, invitation, deleted, open_link):
    open_link(invitation)

    with track_changes() as changes:
        sign_up(client, invitation)

    deleted.refresh_from_db()
    assert (deleted.email, deleted.is_active, deleted.has_usable_password()) == (None, False, False)
    assert not EmailAddress.objects.filter(user=deleted).exists()
    assert event("user.address_lost", deleted, None) in changes.events


def test_the_identity_of_the_deleted_account_finds_the_new_one(client, invitation, deleted, open_link):
    open_link(invitation)
    sign_up(client, invitation)
    claims = Claims("https://issuer.example.com", "subject-1", normalize_address(ADDRESS), "", "", None, 0)

    assert user_of(claims) == User.objects.get(email=ADDRESS)
    assert not ExternalIdentity.objects.filter(user=deleted).exists()


def test_the_other_account_of_who_deleted_one_can_take_the_address(client, invitation, deleted, stranger, open_link):
    client.force_login(stranger)
    open_link(invitation)

    client.post(f"/invitations/{invitation.pk}/add-address")

    assert EmailAddress.objects.get(email=ADDRESS).user == stranger


def test_the_listed_link_reveals_and_releases_nothing(client, invitation, deleted, open_link):
    open_link(invitation, Purpose.LISTED)

    with track_changes() as changes:
        response = sign_up(client, invitation)

    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm-email/")
    assert changes.only_an_email


@pytest.mark.parametrize("button", ["deactivate", "delete", "deactivate and delete"])
def test_what_staff_closed_stays_closed(client, invitation, invitee, operator, open_link, button):
    if button.startswith("deactivate"):
        deactivate_account(by=operator, user=invitee)
    if button.endswith("delete"):
        delete_account(by=operator, user=invitee)
    open_link(invitation)

    with track_changes() as changes:
        response = sign_up(client, invitation)

    assert response.status_code == 200
    assert CLOSED in visible_text(response)
    assert changes.nothing


def test_an_account_that_staff_reactivated_and_then_deleted_is_closed_by_staff(
    client, invitation, invitee, operator, open_link
):
    delete_account(by=session_of(invitee), user=invitee)
    reactivate_account(by=operator, user=invitee)
    delete_account(by=operator, user=User.objects.get(pk=invitee.pk))
    open_link(invitation)

    assert CLOSED in visible_text(sign_up(client, invitation))


def test_purging_the_old_account_leaves_the_new_one_alone(client, invitation, deleted, operator, open_link):
    open_link(invitation)
    sign_up(client, invitation)

    purge_account(by=operator, user=deleted)

    invitation.refresh_from_db()
    assert (invitation.email, invitation.status) == (ADDRESS, "pending")
    assert User.objects.filter(email=ADDRESS).exists()
