"""Test POST /organizations/{id}/invitations and POST /organization-members/invite."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from core.addresses import normalize_address
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose, link_for, token_for
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_EDITOR_ROLE,
    VIEWER_ROLE,
)
from tests.factories import RoleFactory
from tests.invitations.api.house import already_invited, caller, granted, sent_row, without_token
from tests.orgs.api.house import ABSENT, invalid, refused, said, success
from tests.support.changes import event, track_changes
from tests.support.queries import assert_queries

MESSAGE = "Invitation sent successfully"
NEW = {"email": "new@example.com"}
WRITTEN = {"invitations.Invitation": (1, 0, 0), "invitations.Email": (1, 0, 0)}


def only():
    return Invitation.objects.get()


def test_an_address_is_enough(by, door, owner, organization):
    with track_changes() as changes:
        response = without_token(by("owner").post(door, NEW))

    invitation = only()
    assert said(response) == success(MESSAGE, sent_row(invitation), status=201)
    assert granted(invitation) == (UNASSIGNED_ROLE, [], None, None)
    assert changes.tables == WRITTEN
    assert changes.events == [
        event(
            "invitation.created",
            invitation,
            caller(owner),
            organization,
            lifetime_days=10,
            role_id=UNASSIGNED_ROLE,
            permissions=[],
            unit_id=None,
            unit_role_id=None,
        )
    ]


def test_the_whole_offer_is_kept_and_answered(by, door, owner, workspace):
    body = {
        "email": "new@example.com",
        "roleId": str(EDITOR_ROLE),
        "permissions": [MANAGE_MEMBERS, LIST_PROJECTS],
        "unitId": str(workspace.pk),
        "unitRoleId": str(UNIT_EDITOR_ROLE),
        "expiresInDays": 30,
        "language": "de",
    }

    answer = said(by("owner").post(door, body))

    invitation = only()
    data = answer[1]["data"]
    assert answer == success(MESSAGE, sent_row(invitation), status=201)
    assert (data["role"]["name"], data["unitRole"]["name"], data["unit"]["slug"]) == ("editor", "editor", "design")
    assert (data["language"], invitation.language) == ("de", "de")
    assert data["permissions"] == [LIST_PROJECTS, MANAGE_MEMBERS]
    assert data["invitedBy"] == {"id": str(owner.pk), "name": owner.display_name}
    assert timedelta(days=29) < invitation.expires_at - timezone.now() < timedelta(days=30)


def test_the_default_language_is_the_organizations(by, door, owner, organization):
    Organization.objects.filter(pk=organization.pk).update(language="de")

    assert by("owner").post(door, {**NEW, "language": None}).json()["data"]["language"] == "de"
    assert only().language == ""


def test_an_unsupported_language_is_refused(by, door, owner):
    with track_changes() as changes:
        assert said(by("owner").post(door, {**NEW, "language": "fr"})) == invalid(
            language=["One of these is expected: en, de."]
        )

    assert changes.nothing


def test_an_email_is_queued_and_its_link_is_not_in_the_response(by, path, owner):
    content = by("owner").post(path, NEW).content.decode()

    email = Email.objects.get()
    assert (email.recipient, email.kind, email.state, email.generation) == (
        "new@example.com",
        "invitation",
        "queued",
        1,
    )
    assert link_for(only()) not in content
    assert not [purpose for purpose in Purpose if token_for(only(), purpose) in content]


@pytest.mark.parametrize(
    ("name", "role_id"), [("admin", ADMIN_ROLE), ("viewer", VIEWER_ROLE), ("unassigned", UNASSIGNED_ROLE)]
)
def test_a_built_in_role_can_be_given_by_name(by, door, owner, name, role_id):
    assert by("owner").post(door, {**NEW, "role": name}).status_code == 201
    assert only().role_id == role_id


def test_a_custom_role_is_given_by_id(by, door, owner, organization):
    role = RoleFactory.create(organization=organization, name="Guide", permissions=[LIST_PROJECTS])

    assert by("owner").post(door, {**NEW, "roleId": str(role.pk)}).status_code == 201
    assert only().role == role


@pytest.mark.parametrize("address", ["New@Example.COM", "NEW@EXAMPLE.COM", "new@example.com"])
def test_letter_case_makes_no_second_invitation(by, door, owner, address):
    assert by("owner").post(door, {"email": address}).json()["data"]["email"] == "new@example.com"
    assert said(by("owner").post(door, {"email": "nEw@eXample.com"})) == already_invited(only())


def test_a_plus_tag_is_another_address(by, door, owner):
    for address in ("new@example.com", "new+tag@example.com"):
        assert by("owner").post(door, {"email": address}).status_code == 201


def test_a_domain_in_another_script_is_stored_in_ascii(by, door, owner):
    assert by("owner").post(door, {"email": "new@bücher.example"}).json()["data"]["email"] == (
        "new@xn--bcher-kva.example"
    )


@pytest.mark.parametrize(
    "address",
    [
        "ſtranger@example.com",
        "new@example.ſe",
        "new@\u212aelvin.example",
        "ınvitee@example.com",
        "new@İstanbul.example",
        "new@example.com\r\nBcc: owner@example.com",
        "new@@example.com",
        "@example.com",
        "new",
        "new@localhost",
        "new@example..com",
        ".new@example.com",
        "ne w@example.com",
        "<new@example.com",
        "new\u202e@example.com",
        "new@exam\u200bple.com",
        f"{'a' * 65}@example.com",
        f"new@{'b' * 250}.com",
    ],
)
def test_what_is_no_address_is_refused_and_nothing_is_written(by, door, owner, address):
    with track_changes() as changes:
        answer = said(by("owner").post(door, {"email": address}))

    with pytest.raises(ValidationError) as refused:
        normalize_address(address)
    assert answer == invalid(email=refused.value.messages)
    assert changes.nothing


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email": ["This field is required."]}),
        ({"email": None}, {"email": ["This field may not be null."]}),
        ({"email": 1}, {"email": ["Not a valid string."]}),
        ({**NEW, "role": ""}, {"role": ["This field may not be blank."]}),
        ({**NEW, "role": "viewer", "roleId": str(VIEWER_ROLE)}, {"role": ["Give either role or roleId."]}),
        ({**NEW, "roleId": "viewer"}, {"roleId": ["Must be a valid UUID."]}),
        ({**NEW, "roleId": None}, {"roleId": ["This field may not be null."]}),
        (
            {**NEW, "permissions": "organization:admin"},
            {"permissions": ['Expected a list of items but got type "str".']},
        ),
        ({**NEW, "permissions": [1]}, {"permissions.0": ["Not a valid string."]}),
        ({**NEW, "expiresInDays": 0}, {"expiresInDays": ["Ensure this value is greater than or equal to 1."]}),
        ({**NEW, "expiresInDays": 31}, {"expiresInDays": ["Ensure this value is less than or equal to 30."]}),
        ({**NEW, "expiresInDays": "soon"}, {"expiresInDays": ["A valid integer is required."]}),
        ({**NEW, "expiresInDays": "5"}, {"expiresInDays": ["A valid integer is required."]}),
        ({**NEW, "expiresInDays": True}, {"expiresInDays": ["A valid integer is required."]}),
        ({**NEW, "force": "perhaps"}, {"force": ["Must be a valid boolean."]}),
        ({**NEW, "state": "accepted"}, {"state": ["This field is unknown."]}),
        ({**NEW, "organizationId": ABSENT}, {"organizationId": ["This field is unknown."]}),
        (
            {**NEW, "token": "x", "role_id": "y"},
            {"token": ["This field is unknown."], "role_id": ["This field is unknown."]},
        ),
    ],
)
def test_every_faulty_field_is_named_and_nothing_is_written(by, door, owner, body, fields):
    with track_changes() as changes:
        answer = said(by("owner").post(door, body))

    assert answer == refused(400, "invalid", "Some fields are not valid.", fields=fields)
    assert changes.nothing


@pytest.mark.parametrize("body", ["[]", "null", '"new@example.com"', "{", '{"email": "a\\u0000@example.com"}'])
def test_what_is_no_object_is_refused(by, door, owner, body):
    response = by("owner").post(door, body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "malformed_body"
    assert not Invitation.objects.exists()


def test_the_queries_are_these(by, owner, path):
    client = by("owner")

    with assert_queries(
        lock="SELECT orgs_organization",
        rights="SELECT orgs_roleassignment",
        role="SELECT orgs_role",
        no_member_has_the_address="SELECT orgs_membership",
        former="SELECT invitations_invitation",
        hold_both_counters="INSERT invitations_sendingcounter",
        count_for_the_address="INSERT invitations_sendingcounter",
        daily_limits="SELECT orgs_organization",
        open_invitations="SELECT invitations_invitation",
        invitation="INSERT invitations_invitation",
        email="INSERT invitations_email",
        event="INSERT events_event",
    ):
        client.post(path, NEW)
