"""Test POST /organizations/{id}/invitations with several units."""

import pytest

from invitations.models import Invitation
from orgs.permissions import UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.invitations.api.house import emailed_token, granted, sent_row, without_token
from tests.orgs.api.house import API, invalid, said, success
from tests.support.changes import track_changes

MESSAGE = "Invitation sent successfully"


@pytest.fixture
def units(workspace, application):
    return [
        {"unitId": str(workspace.pk), "unitRole": "editor"},
        {"unitId": str(application.pk), "unitRoleId": str(UNIT_VIEWER_ROLE)},
    ]


def test_each_unit_gets_an_invitation_and_the_response_has_all_of_them(by, path, units, workspace, application):
    with track_changes() as changes:
        response = without_token(by("owner").post(path, {"email": "new@example.com", "role": "viewer", "units": units}))

    first, second = Invitation.objects.order_by("id")
    assert said(response) == success(MESSAGE, {**sent_row(first), "others": [sent_row(second)]}, status=201)
    assert granted(first) == (VIEWER_ROLE, [], workspace.pk, UNIT_EDITOR_ROLE)
    assert granted(second) == (VIEWER_ROLE, [], application.pk, UNIT_VIEWER_ROLE)
    assert changes.tables == {"invitations.Invitation": (2, 0, 0), "invitations.Email": (1, 0, 0)}


def test_the_list_shows_the_delivery_of_each(by, path, units):
    by("owner").post(path, {"email": "new@example.com", "units": units})

    rows = by("owner").get(path).json()["data"]

    assert [row["delivery"]["state"] for row in rows] == ["queued", "queued"]
    assert by("owner").get(path, {"delivery": "queued"}).json()["pagination"]["total"] == 2


def states():
    return list(Invitation.objects.order_by("id").values_list("status", flat=True))


def test_the_token_of_the_link_joins_with_all_of_them(by, path, units, invitee):
    by("owner").post(path, {"email": "invitee@example.com", "units": units})
    token = emailed_token(Invitation.objects.order_by("id")[0])

    assert by("invitee").put(f"{API}/organization-members/join", {"token": token}).status_code == 200
    assert states() == ["accepted", "accepted"]


def test_each_can_be_accepted_and_withdrawn_alone(by, path, units, invitee):
    by("owner").post(path, {"email": "invitee@example.com", "units": units})
    first, second = Invitation.objects.order_by("id")

    assert by("invitee").post(f"{API}/invitations/{second.pk}/accept").status_code == 200
    assert states() == ["pending", "accepted"]
    assert by("owner").post(f"{path}/{first.pk}/cancel").status_code == 200
    assert states() == ["cancelled", "accepted"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": []}, {"units": ["Ensure this field has at least 1 elements."]}),
        ({"unitId": "01a22ccf-5675-7fc5-9a76-964f03e9cdc6"}, {"units": ["Give either units, or unitId and its role."]}),
        ({"units": [{"unitId": "01a22ccf-5675-7fc5-9a76-964f03e9cdc6"}]}, None),
        ({"units": {}}, None),
    ],
)
def test_other_bodies_are_refused(by, path, units, change, message):
    with track_changes() as changes:
        response = by("owner").post(path, {"email": "new@example.com", "units": units, **change})

    assert response.status_code == 400
    assert changes.nothing
    if message:
        assert said(response) == invalid(**message)


def test_a_unit_twice_is_refused(by, path, units):
    response = by("owner").post(path, {"email": "new@example.com", "units": [units[0], units[0]]})

    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"units": ["Give each unit once."]}
