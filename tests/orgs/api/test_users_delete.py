"""DELETE /users/profile and /users/profile/permanent: delete and erase an account."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.browser_sessions import Session
from accounts.models import ExternalIdentity, User
from accounts.principals import Method
from events.models import Event
from tests.factories import ExternalIdentityFactory
from tests.orgs.api.house import ANONYMOUS, API, DONE, LAST_OWNER, said
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

PROFILE = f"{API}/users/profile"
PERMANENT = f"{PROFILE}/permanent"


def test_deleting_ends_memberships_and_keeps_the_account(by, organization, member):
    membership = membership_of(member, organization)

    with track_changes() as changes:
        assert said(by("member").delete(PROFILE)) == DONE

    member.refresh_from_db()
    assert (member.is_active, member.deleted_at is None, member.email) == (False, False, "member@example.com")
    assert changes.events == [
        event("membership.left", membership, member, organization, user_id=member.pk),
        event("user.deleted", member, member),
    ]


def test_erasing_leaves_only_events(by, organization, member):
    ExternalIdentityFactory.create(user=member, issuer="https://issuer.example.com", subject="member")
    membership = membership_of(member, organization)

    with track_changes() as changes:
        assert said(by("member").delete(PERMANENT)) == DONE

    assert not User.objects.filter(pk=member.pk).exists()
    assert not EmailAddress.objects.filter(email="member@example.com").exists()
    assert not ExternalIdentity.objects.exists()
    assert changes.events == [
        event("membership.left", membership, member, organization, user_id=member.pk),
        event("user.deleted", member, member),
        event("user.purged", member, member),
    ]
    assert "member@example.com" not in str(list(Event.objects.values()))


@pytest.mark.parametrize("path", [PROFILE, PERMANENT])
def test_the_last_owner_cannot_leave(by, organization, path):
    with track_changes() as changes:
        assert said(by("owner").delete(path)) == LAST_OWNER

    assert changes.nothing


@pytest.mark.parametrize("path", [PROFILE, PERMANENT])
def test_a_browser_is_signed_out_and_its_session_deleted(member, path):
    member.set_password("correct-horse-battery")
    member.save()
    browser = APIClient()
    browser.post(
        "/accounts/login/", {"login": "member@example.com", "password": "correct-horse-battery"}, format="multipart"
    )
    assert Session.objects.count() == 1

    assert said(browser.delete(path)) == DONE

    assert Session.objects.count() == 0
    assert said(browser.get(PROFILE)) == ANONYMOUS


@pytest.mark.parametrize(
    ("path", "bounds", "code"),
    [
        (PROFILE, {"method": Method.API_KEY}, "credential_not_allowed"),
        (PERMANENT, {"method": Method.API_KEY}, "credential_not_allowed"),
        (PERMANENT, {"method": Method.OAUTH2}, "credential_not_allowed"),
        (PERMANENT, {"authenticated_at": None}, "recent_sign_in_required"),
        (PERMANENT, {"authenticated_at": timezone.now() - timedelta(minutes=16)}, "recent_sign_in_required"),
    ],
)
def test_it_requires_a_person_and_erasing_requires_a_recent_sign_in(by, member, path, bounds, code):
    with track_changes() as changes:
        status, body = said(by("member", **bounds).delete(path))

    assert (status, body["error"]["code"]) == (403, code)
    assert changes.nothing


def test_deleting_requires_no_recent_sign_in(by, member):
    assert said(by("member", authenticated_at=None).delete(PROFILE)) == DONE


@pytest.mark.parametrize("path", [PROFILE, PERMANENT])
def test_anonymous_requests_are_refused(by, path, db):
    assert said(by("anonymous").delete(path)) == ANONYMOUS
