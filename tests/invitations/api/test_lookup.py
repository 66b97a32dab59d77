"""Test POST /invitations/lookup: the data that anybody with a link can see."""

import base64

import pytest
from django.utils import timezone

from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.invitations.api.house import (
    ENDS,
    NO_INVITATION,
    emailed_token,
    invitation_in_state,
    mine,
    moment,
    reloaded,
    without_token,
)
from tests.orgs.api.house import ABSENT, invalid, refused, said, success
from tests.support.changes import track_changes
from tests.support.queries import assert_queries

MESSAGE = "Invitation retrieved successfully"
NEWER = refused(410, "newer_email_sent", "A newer email was sent: use the link in that one.")


def lookup(by, token, who="anonymous"):
    return by(who).post(mine("lookup"), {"token": token})


def page(invitation, **changes):
    row = reloaded(invitation)
    organization = row.organization
    return {
        "state": row.status,
        "organization": {
            "name": organization.name,
            "slug": organization.slug,
            "logoUrl": organization.logo_url or None,
        },
        "memberCount": organization.memberships.count(),
        "invitedBy": {"name": row.inviter_name},
        "email": row.email,
        "role": row.grant.role.name,
        "unit": row.unit and {"kind": row.unit.kind, "name": row.unit.name},
        "unitRole": row.unit_role and row.unit_role.name,
        "expiresAt": moment(row.expires_at),
        **changes,
    }


def test_signed_out_the_link_shows_its_page(by, organization, invitation):
    Organization.objects.filter(pk=organization.pk).update(logo_url="https://example.com/logo.png")

    with track_changes() as changes:
        response = without_token(lookup(by, emailed_token(invitation)))

    assert said(response) == success(MESSAGE, page(invitation))
    assert list(response.json()["data"]) == list(page(invitation))
    assert changes.nothing


def test_the_unit_is_returned_too(by, workspace_invitation):
    data = lookup(by, emailed_token(workspace_invitation)).json()["data"]

    assert data == page(workspace_invitation)
    assert (data["unit"], data["unitRole"]) == ({"kind": "workspace", "name": "Design"}, "admin")


@pytest.mark.parametrize("who", ["invitee", "stranger", "owner", "member"])
def test_the_link_shows_the_same_to_everybody(by, invitation, who):
    assert said(lookup(by, emailed_token(invitation), who)) == success(MESSAGE, page(invitation))


def test_the_listed_token_opens_the_same_page(by, invitation):
    assert said(lookup(by, token_for(invitation, Purpose.LISTED))) == success(MESSAGE, page(invitation))


def test_it_does_not_reveal_whether_the_address_has_an_account(by, organization, owner, invitee):
    known = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    unknown = InvitationFactory.create(organization=organization, email="nobody@example.com", inviter=owner)

    answers = [lookup(by, emailed_token(row)).json()["data"] for row in (known, unknown)]
    for data in answers:
        del data["email"], data["expiresAt"]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "state", ["processing", "accepted", "declined", "cancelled", "superseded", "error", "expired", "overdue"]
)
def test_every_state_is_returned(by, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)
    shown = {"superseded": "cancelled", "overdue": "expired"}.get(state, state)

    with track_changes() as changes:
        assert said(lookup(by, emailed_token(invitation))) == success(MESSAGE, page(invitation, state=shown))
    assert changes.nothing


def test_the_link_of_an_older_email_says_so(by, invitation):
    older = emailed_token(invitation)
    Invitation.objects.filter(pk=invitation.pk).update(generation=2)

    assert said(lookup(by, older)) == NEWER
    assert said(lookup(by, emailed_token(invitation))) == success(MESSAGE, page(invitation))


@pytest.mark.parametrize("state", ENDS)
def test_the_link_of_an_older_email_returns_the_end_too(by, organization, owner, state):
    invitation = invitation_in_state(state, organization=organization, email="invitee@example.com", inviter=owner)
    older = emailed_token(invitation)
    Invitation.objects.filter(pk=invitation.pk).update(generation=2)

    assert said(lookup(by, older)) == ENDS[state]


def altered(token, position):
    raw = bytearray(base64.urlsafe_b64decode(token + "="))
    raw[position] ^= 1
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("position", [0, 15, 16, 19, 20, 43])
def test_a_token_altered_anywhere_is_unknown(by, invitation, position):
    assert said(lookup(by, altered(emailed_token(invitation), position))) == NO_INVITATION


def test_a_token_of_another_key_is_unknown(by, settings, invitation):
    token = emailed_token(invitation)
    settings.INVITATION_TOKEN_KEYS = ["another key that nobody has seen before"]

    assert said(lookup(by, token)) == NO_INVITATION


def test_an_older_key_still_verifies(by, settings, invitation):
    token = emailed_token(invitation)
    settings.INVITATION_TOKEN_KEYS = ["a newer key that signs from now on", *settings.INVITATION_TOKEN_KEYS]

    assert said(lookup(by, token)) == success(MESSAGE, page(invitation))


@pytest.mark.parametrize("token", ["x", ABSENT, "a" * 59, "ß" * 59, "%2e%2e", "a" * 256])
def test_what_is_no_token_is_unknown(by, db, token):
    with assert_queries():
        assert said(lookup(by, token)) == NO_INVITATION


def test_the_token_of_an_invitation_that_is_gone_is_unknown(by, invitation):
    token = emailed_token(invitation)
    invitation.delete()

    assert said(lookup(by, token)) == NO_INVITATION


def test_that_of_an_archived_organization_is_unknown(by, organization, invitation):
    token = emailed_token(invitation)
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(lookup(by, token)) == NO_INVITATION


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"token": ["This field is required."]}),
        ({"token": None}, {"token": ["This field may not be null."]}),
        ({"token": 7}, {"token": ["Not a valid string."]}),
        ({"token": ""}, {"token": ["This field may not be blank."]}),
        ({"token": "a" * 257}, {"token": ["Ensure this field has no more than 256 characters."]}),
        ({"token": "a", "accept": True}, {"accept": ["This field is unknown."]}),
    ],
)
def test_every_faulty_field_is_named_and_no_token_is_repeated(by, db, body, fields):
    assert said(by("anonymous").post(mine("lookup"), body)) == invalid(**fields)


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_there_is_no_other_way_to_look(by, db, method):
    assert getattr(by("anonymous"), method)(mine("lookup")).status_code == 405


def test_one_query_is_enough(by, workspace_invitation):
    token = emailed_token(workspace_invitation)

    with assert_queries(row="SELECT invitations_invitation"):
        lookup(by, token)
