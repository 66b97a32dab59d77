"""Test PUT /organization-members/join with an organization id, an invitation id or a link."""

import pytest
from django.utils import timezone

from accounts.principals import Method
from invitations.models import Invitation
from invitations.tokens import PAGE_PURPOSES, token_for
from orgs.models import Membership, Organization
from orgs.permissions import ADMIN_ROLE, VIEWER_ROLE
from tests.factories import EmailAddressFactory, InvitationFactory, MembershipFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    acceptance,
    backdate,
    emailed_token,
    indistinguishable,
    invitation_in_state,
    without_token,
)
from tests.orgs.api.house import ABSENT, ANONYMOUS, API, invalid, refused, said, success
from tests.support.changes import track_changes
from tests.support.people import membership_of, role_id_of

PATH = f"{API}/organization-members/join"
MESSAGE = "Joined the organization"
NOT_YOURS = refused(403, "not_yours", "This invitation is for another address.")
NOT_VERIFIED = refused(403, "address_not_verified", "Verify your email address first.")
NEWER = refused(410, "newer_email_sent", "A newer email was sent: use the link in that one.")


def join(by, who="invitee", **body):
    return by(who).put(PATH, {name: str(value) for name, value in body.items()})


@pytest.fixture(params=["organizationId", "invitationId", "token"])
def way(request):
    """Return a function that creates one of the three kinds of request bodies for an invitation."""

    def body(invitation):
        ways = {
            "organizationId": invitation.organization_id,
            "invitationId": invitation.pk,
            "token": emailed_token(invitation),
        }
        return {request.param: ways[request.param]}

    return body


def test_each_of_three_ways_makes_a_member(by, way, invitee, organization, invitation):
    with track_changes() as changes:
        response = without_token(join(by, **way(invitation)))

    assert said(response) == success(MESSAGE, acceptance(invitation, membership_of(invitee, organization).pk))
    assert role_id_of(invitee, organization) == VIEWER_ROLE
    assert [event.kind for event in changes.events] == ["membership.created", "invitation.accepted"]


def test_a_second_time_says_so_and_changes_nothing(by, way, invitee, invitation):
    body = way(invitation)
    join(by, **body)

    with track_changes() as changes:
        assert said(join(by, **body)) == ENDS["accepted"]
    assert changes.nothing


@pytest.mark.parametrize("state", ENDS)
def test_an_invitation_that_is_not_open_returns_its_state(by, way, organization, owner, invitee, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(join(by, **way(invitation))) == ENDS[state]
    assert changes.nothing


def test_an_organization_means_its_newest_open_invitation(by, invitee, organization, invitation, workspace_invitation):
    backdate(invitation, days=1)

    data = join(by, organizationId=organization.pk).json()["data"]

    assert data["invitationId"] == str(workspace_invitation.pk)


def test_an_open_invitation_comes_before_a_newer_ended_one(by, invitee, organization, owner, invitation):
    backdate(invitation, days=1)
    InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, declined=True)

    assert join(by, organizationId=organization.pk).json()["data"]["invitationId"] == str(invitation.pk)


def test_without_a_free_seat_joining_waits(by, way, invitee, organization, invitation):
    Organization.objects.filter(pk=organization.pk).update(seat_limit=3)

    answer = said(join(by, **way(invitation)))

    assert answer == success("Waiting for a free seat", acceptance(invitation, None, "processing", given=None))
    assert not Membership.objects.filter(user=invitee).exists()


def test_a_member_keeps_their_rights(by, way, invitee, organization, invitation):
    member = MembershipFactory.create(organization=organization, user=invitee, role_id=ADMIN_ROLE)
    expected = acceptance(invitation, member.pk, was_member=True, given=[])

    assert said(join(by, **way(invitation))) == success(MESSAGE, expected)


# Access


@pytest.mark.parametrize("name", ["organizationId", "invitationId"])
@pytest.mark.parametrize("who", ["stranger", "owner"])
def test_what_is_not_addressed_to_the_caller_is_like_nothing_at_all(by, organization, invitation, name, who):
    theirs = {"organizationId": organization.pk, "invitationId": invitation.pk}[name]
    client = by(who)

    with track_changes() as changes:
        answer = indistinguishable(
            lambda: client.put(PATH, {name: str(theirs)}),
            lambda: client.put(PATH, {name: ABSENT}),
        )

    assert answer == NO_INVITATION
    assert changes.nothing


@pytest.mark.parametrize("purpose", PAGE_PURPOSES)
def test_a_link_shown_by_the_wrong_account_says_so_and_is_not_spent(by, stranger, invitee, invitation, purpose):
    token = token_for(invitation, purpose)

    with track_changes() as changes:
        assert said(join(by, "stranger", token=token)) == NOT_YOURS
    assert changes.nothing
    assert join(by, "invitee", token=token).status_code == 200


@pytest.mark.parametrize("purpose", PAGE_PURPOSES)
def test_a_link_proves_no_mailbox_to_an_account_that_has_not_verified_it(by, organization, owner, invitee, purpose):
    EmailAddressFactory.create(user=invitee, email="second@example.com", verified=False)
    invitation = InvitationFactory.create(organization=organization, email="second@example.com", inviter=owner)

    with track_changes() as changes:
        assert said(join(by, token=token_for(invitation, purpose))) == NOT_VERIFIED
    assert changes.nothing


def test_a_link_of_an_older_email_says_so(by, invitee, invitation):
    older = emailed_token(invitation)
    Invitation.objects.filter(pk=invitation.pk).update(generation=2)

    assert said(join(by, token=older)) == NEWER


@pytest.mark.parametrize("token", ["x", "a" * 59, ABSENT])
def test_what_is_no_token_opens_nothing(by, invitee, token):
    assert said(join(by, token=token)) == NO_INVITATION


def test_a_link_leads_to_its_own_organization_alone(by, invitee, organization, other_organization, invitation):
    headers = {"X-Organization-Id": str(other_organization.pk)}

    by("invitee").put(PATH, {"token": emailed_token(invitation)}, headers=headers)

    assert [member.organization for member in Membership.objects.filter(user=invitee)] == [organization]


def test_an_archived_organization_is_not_entered(by, way, invitee, organization, invitation):
    body = way(invitation)
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(join(by, **body)) == NO_INVITATION


def test_nobody_gets_401(by, way, invitation):
    assert said(join(by, "anonymous", **way(invitation))) == ANONYMOUS


def test_a_system_user_cannot_join(by, way, system_user, organization, invitation):
    client = by("system_user", Method.API_KEY, organization_id=organization.pk)
    answer = said(client.put(PATH, {name: str(value) for name, value in way(invitation).items()}))

    message = "This kind of credential is not accepted here."
    details = {"allowed": ["jwt", "oauth2", "session"]}
    assert answer == refused(403, "credential_not_allowed", message, details=details)


# Request body


ONE_OF_THREE = refused(400, "invalid", "Give exactly one of organizationId, invitationId and token.")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"organizationId": ABSENT, "invitationId": ABSENT},
        {"organizationId": ABSENT, "token": "x"},
        {"organizationId": ABSENT, "invitationId": ABSENT, "token": "x"},
    ],
)
def test_exactly_one_of_the_three_is_needed(by, invitee, body):
    assert said(by("invitee").put(PATH, body)) == ONE_OF_THREE


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"organizationId": "riverside"}, {"organizationId": ["Must be a valid UUID."]}),
        ({"invitationId": 7}, {"invitationId": ["Must be a valid UUID."]}),
        ({"invitationId": None}, {"invitationId": ["This field may not be null."]}),
        ({"token": ""}, {"token": ["This field may not be blank."]}),
        ({"invitationId": ABSENT, "role": "owner"}, {"role": ["This field is unknown."]}),
    ],
)
def test_every_faulty_field_is_named(by, invitee, body, fields):
    assert said(by("invitee").put(PATH, body)) == invalid(**fields)
