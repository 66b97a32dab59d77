"""GET, PUT and PATCH /users/profile: read and change the profile."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.principals import Method
from tests.factories import MembershipFactory
from tests.orgs.api.house import ANONYMOUS, API, NOTHING_TO_CHANGE, invalid, refused, said, success, user_row
from tests.support.changes import event, track_changes
from tests.support.queries import assert_queries

PATH = f"{API}/users/profile"
RETRIEVED = "Profile retrieved successfully"
UPDATED = "Profile updated successfully"
AVATAR = "https://example.com/mia.png"


@pytest.fixture
def member(member):
    """The member with a complete profile."""
    User.objects.filter(pk=member.pk).update(avatar_url=AVATAR)
    member.refresh_from_db()
    return member


def test_all_fields_of_the_profile_are_shown(by, member):
    with assert_queries(is_it_verified="SELECT account_emailaddress"):
        answer = said(by("member").get(PATH))

    assert answer == success(
        RETRIEVED,
        user_row(member)
        | {"kind": "client", "email": "member@example.com", "emailVerified": True, "avatarUrl": AVATAR},
    )


def test_an_unverified_address_is_marked(by, member):
    member.emailaddress_set.update(verified=False)

    assert said(by("member").get(PATH))[1]["data"]["emailVerified"] is False


def test_a_system_user_has_a_profile_without_an_address(by, organization, principal):
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    api = APIClient()
    api.force_authenticate(system_user, token=principal(system_user, Method.API_KEY, organization_id=organization.pk))

    assert said(api.get(PATH)) == success(
        RETRIEVED,
        user_row(system_user) | {"kind": "system", "email": None, "emailVerified": False, "firstName": "Robot"},
    )


def test_replacing_clears_missing_fields(by, member):
    with track_changes() as changes:
        answer = said(by("member").put(PATH, {"firstName": "Mia"}))

    assert answer == success(UPDATED, user_row(member) | {"firstName": "Mia", "lastName": "", "avatarUrl": None})
    assert changes.tables == {"accounts.User": (0, 1, 0)}
    assert changes.events == [
        event("user.profile_updated", member, member, changed=["avatar_url", "first_name", "last_name"])
    ]


def test_changing_keeps_missing_fields(by, member):
    with track_changes() as changes:
        answer = said(by("member").patch(PATH, {"lastName": "Miller"}))

    assert answer == success(UPDATED, user_row(member) | {"lastName": "Miller"})
    assert changes.events == [event("user.profile_updated", member, member, changed=["last_name"])]


@pytest.mark.parametrize("nothing", ["", None])
def test_null_or_an_empty_string_removes_the_avatar(by, member, nothing):
    assert said(by("member").patch(PATH, {"avatarUrl": nothing}))[1]["data"]["avatarUrl"] is None


@pytest.mark.parametrize("url", ["ftp://example.com/me.png", "javascript:alert(1)", "data:image/png;base64,AA", "me"])
def test_an_avatar_is_an_http_url(by, member, url):
    with track_changes() as changes:
        assert said(by("member").patch(PATH, {"avatarUrl": url})) == invalid(avatarUrl=["Enter a valid URL."])

    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, NOTHING_TO_CHANGE),
        ({"firstName": None}, invalid(firstName=["This field may not be null."])),
        ({"lastName": "M\nM"}, invalid(lastName=["The character U+000A at position 2 is not allowed here."])),
        ({"email": "mia@example.com"}, invalid(email=["This field is unknown."])),
        ({"isStaff": True}, invalid(isStaff=["This field is unknown."])),
    ],
)
def test_errors_name_the_invalid_input(by, member, body, answer):
    with track_changes() as changes:
        assert said(by("member").patch(PATH, body)) == answer

    assert changes.nothing


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_callers_without_permission_are_refused(by, member, verb):
    client = by("member", method=Method.API_KEY)
    with track_changes() as changes:
        assert said(getattr(by("anonymous"), verb)(PATH, {"firstName": "Mia"})) == ANONYMOUS
        assert said(getattr(client, verb)(PATH, {"firstName": "Mia"})) == refused(
            403,
            "credential_not_allowed",
            "This kind of credential is not accepted here.",
            details={"allowed": ["jwt", "oauth2", "session"]},
        )

    assert changes.nothing


def test_reading_requires_a_credential(by):
    assert said(by("anonymous").get(PATH)) == ANONYMOUS
