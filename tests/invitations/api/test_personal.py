"""Test the name of the invitee, the personal message and the metadata of an invitation."""

import json

import pytest

from core.addresses import normalize_address
from core.metadata import MAX_BYTES
from events.models import Event
from invitations.actions import inviting
from invitations.models import Invitation
from tests.factories import InvitationFactory
from tests.invitations.api.house import mine, sent, sent_row
from tests.orgs.api.house import said, success

TEXTS = {"name": "Robin Lee", "message": "Welcome!\nSee you.", "metadata": {"crm": {"id": 4711}, "tags": ["a", None]}}
STORED = {"invitee_name": TEXTS["name"], "message": TEXTS["message"], "metadata": TEXTS["metadata"]}


def fits(body: dict[str, str]) -> bool:
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) == MAX_BYTES


def refused_fields(response):
    assert response.status_code == 400, response.json()
    return list(response.json()["error"]["fields"])


def test_a_new_invitation_has_them(by, door, owner):
    answer = said(by("owner").post(door, {"email": "new@example.com", **TEXTS}))

    invitation = Invitation.objects.get()
    assert answer == success("Invitation sent successfully", sent_row(invitation), status=201)
    assert {name: answer[1]["data"][name] for name in TEXTS} == TEXTS
    assert Invitation.objects.filter(**STORED).exists()


def test_who_manages_reads_them_in_the_list_and_alone(by, owner, organization):
    invitation = InvitationFactory.create(organization=organization, inviter=owner, **STORED)

    [listed_row] = by("owner").get(sent(invitation).rpartition("/")[0]).json()["data"]
    row = by("owner").get(sent(invitation)).json()["data"]

    assert listed_row == row == sent_row(invitation)
    assert {name: row[name] for name in TEXTS} == TEXTS


def test_the_invitee_reads_the_message_and_not_the_metadata(by, owner, organization, invitee):
    invitation = InvitationFactory.create(organization=organization, inviter=owner, invitee=invitee, **STORED)

    [row] = by("invitee").get(mine()).json()["data"]
    assert row["message"] == TEXTS["message"]
    for response in (by("invitee").get(mine()), by("invitee").get(mine(invitation.pk))):
        assert "4711" not in response.content.decode()


def test_a_change_leaves_the_others_and_its_event_names_the_fields_only(by, owner, organization):
    invitation = InvitationFactory.create(organization=organization, inviter=owner, **STORED)

    answer = said(by("owner").patch(sent(invitation), {"metadata": {"crm": "secret"}, "message": ""}))

    assert answer == success("Invitation updated successfully", sent_row(invitation))
    assert (answer[1]["data"]["name"], answer[1]["data"]["message"]) == ("Robin Lee", None)
    assert answer[1]["data"]["metadata"] == {"crm": "secret"}
    data = Event.objects.get(kind="invitation.updated").data
    assert (data["changed"], data["old"], data["new"]) == (["message", "metadata"], {}, {})
    assert "secret" not in json.dumps(list(Event.objects.values("data")), default=str)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "\u202e"}, "message"),
        ({"metadata": []}, "metadata"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"a": "x" * (MAX_BYTES - 7)}}, "metadata"),
    ],
)
@pytest.mark.parametrize("change", [False, True])
def test_an_invalid_one_is_refused_with_its_name(by, door, owner, organization, wrong, named, change):
    invitation = InvitationFactory.create(organization=organization, inviter=owner)
    if change:
        assert refused_fields(by("owner").patch(sent(invitation), wrong)) == [named]
    else:
        assert refused_fields(by("owner").post(door, {"email": "new@example.com", **wrong})) == [named]


def test_metadata_of_16_kilobytes_is_stored(by, door, owner):
    body = {"é": "x" * (MAX_BYTES - 9)}
    assert fits(body)

    assert by("owner").post(door, {"email": "new@example.com", "metadata": body}).status_code == 201
    assert Invitation.objects.get().metadata == body


def test_whoever_gets_it_again_gets_them_too(owner, organization, principal):
    expired = InvitationFactory.create(organization=organization, inviter=owner, expired=True, **STORED)
    wrong = InvitationFactory.create(organization=organization, inviter=owner, **STORED)
    by = {"by": principal(owner), "organization_id": organization.pk}

    inviting.resend(**by, invitation_id=expired.pk)
    inviting.correct_address(**by, invitation_id=wrong.pk, email=normalize_address("right@example.com"))

    assert Invitation.objects.filter(status="pending", **STORED).count() == 2
