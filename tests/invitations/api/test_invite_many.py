"""Test POST /organizations/{id}/invitations/bulk."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from accounts.models import IdempotentResponse
from invitations.models import Invitation
from invitations.uploads.rows import MAX_BYTES
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNASSIGNED_ROLE, VIEWER_ROLE
from tests.orgs.api.house import ABSENT, ANONYMOUS, at, lacking, refused, said, success
from tests.support.changes import track_changes

MESSAGE = "Rows processed successfully"
KEY = {"HTTP_IDEMPOTENCY_KEY": "one-upload"}
CSV = "Email,First Name,Last Name,Role\nann@example.com,Ann,Lee,Chef\nbo@example.com,Bo,Chen,\n".encode("utf-16")


@pytest.fixture
def path(organization):
    return at(organization, "invitations", "bulk")


def result(number, email, verdict, **more):
    known: dict[str, Any] = {"reason": None, "invitationId": None, "scheduledFor": None, "notes": []}
    return {"row": number, "email": email, "verdict": verdict, **known, **more}


def refused_fields(response):
    assert response.status_code == 400, response.json()
    return response.json()["error"]["fields"]


def test_the_response_has_each_row_and_the_counts(by, path):
    rows = [{"email": "Ann Lee <Ann@Example.com>"}, {"email": "x"}, {"email": "bo@example.com", "role": "Chef"}]

    answer = said(by("owner").post(path, {"rows": rows, "role": "viewer"}))

    invitation = Invitation.objects.get()
    assert answer == success(
        MESSAGE,
        {
            "dryRun": False,
            "format": "json",
            "roleWords": {},
            "counts": {"invited": 1, "invalid_address": 1, "unknown_role": 1},
            "rows": [
                result(1, "ann@example.com", "invited", invitationId=str(invitation.pk)),
                result(2, "x", "invalid_address", reason="Enter a valid email address."),
                result(3, "bo@example.com", "unknown_role", reason="Chef"),
            ],
        },
    )
    assert invitation.role_id == VIEWER_ROLE


def test_a_row_has_all_fields_of_an_invitation(by, path, workspace):
    row = {
        "email": "ann@example.com",
        "name": "Ann Lee",
        "role": "boss",
        "unit": workspace.slug,
        "unitRole": "viewer",
        "language": "de",
        "message": "Hello!",
        "metadata": {"a": 1},
    }
    by("owner").post(path, {"rows": [row], "roles": {"Boss": str(ADMIN_ROLE)}, "expiresInDays": 3})

    given = Invitation.objects.values_list(
        "invitee_name", "role_id", "unit_id", "unit_role__name", "language", "message", "metadata"
    ).get()
    assert given == ("Ann Lee", ADMIN_ROLE, workspace.pk, "viewer", "de", "Hello!", {"a": 1})


def test_a_dry_run_changes_nothing(by, path):
    with track_changes() as changes:
        answer = by("owner").post(f"{path}?dryRun=true", {"rows": [{"email": "ann@example.com"}]}).json()["data"]
    assert changes.nothing
    assert (answer["dryRun"], answer["rows"]) == (True, [result(1, "ann@example.com", "invited")])


def test_a_body_of_csv_is_a_file(by, path):
    answer = by("owner").post(path, CSV, content_type="text/csv").json()["data"]

    assert answer["format"] == "table"
    assert answer["roleWords"] == {"Chef": ""}
    assert [(row["row"], row["verdict"], row["reason"]) for row in answer["rows"]] == [
        (2, "unknown_role", "Chef"),
        (3, "invited", None),
    ]
    assert Invitation.objects.get().role_id == UNASSIGNED_ROLE


def test_a_form_has_a_file_and_the_fields_of_the_json_body(by, path):
    form = {
        "file": SimpleUploadedFile("people.csv", CSV),
        "roles": json.dumps({"chef": "admin"}),
        "role": "editor",
        "expiresInDays": "3",
        "message": "Hello!",
    }
    answer = by("owner").post(path, form, format="multipart").json()["data"]

    assert answer["counts"] == {"invited": 2}
    assert [(i.invitee_name, i.role_id, i.message) for i in Invitation.objects.order_by("id")] == [
        ("Ann Lee", ADMIN_ROLE, "Hello!"),
        ("Bo Chen", EDITOR_ROLE, "Hello!"),
    ]


def test_a_form_is_read_the_same_with_a_session(organization, owner, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    client.get(f"/organizations/{organization.slug}/invite")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value}

    def send(content_type=MULTIPART_CONTENT, **given):
        file = SimpleUploadedFile("people.csv", CSV)
        form = {"file": file, "expiresInDays": "3"} if content_type == MULTIPART_CONTENT else "rows=x"
        return client.post(path, form, content_type=content_type, **given)

    assert send(headers=headers).json()["data"]["counts"] == {"unknown_role": 1, "invited": 1}
    assert send("application/x-www-form-urlencoded", headers=headers).status_code == 415
    assert send().json()["error"]["code"] == "csrf_failed"


def test_what_the_file_says_in_addition_is_in_the_notes(by, path):
    members = (
        b'[{"emailAddress": "ann@example.com", "redirectUrl": "https://example.com/welcome", "role": "org:member"}]'
    )
    form = {"file": SimpleUploadedFile("clerk.json", members)}
    [row] = by("owner").post(f"{path}?dryRun=true", form, format="multipart").json()["data"]["rows"]
    assert row["notes"] == [{"code": "redirect", "value": "https://example.com/welcome"}]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "rows"),
        ({"rows": []}, "rows"),
        ({"rows": ["ann@example.com"]}, "rows"),
        ({"rows": [{"name": "Ann"}]}, "rows"),
        ({"rows": [{"email": 1}]}, "rows"),
        ({"rows": [{"email": "a@example.com", "metadata": []}]}, "rows"),
        ({"rows": [{"email": "a@example.com", "Email": "x"}]}, "rows"),
        ({"rows": [{"email": "a@example.com"}], "roles": ["admin"]}, "roles"),
        ({"rows": [{"email": "a@example.com"}], "roles": {"x": 1}}, "roles"),
        ({"rows": [{"email": "a@example.com"}], "expiresInDays": 31}, "expiresInDays"),
        ({"rows": [{"email": "a@example.com"}], "file": "x"}, "file"),
        ({"rows": [{"email": "a@example.com"}], "language": "xx"}, "language"),
    ],
)
def test_a_malformed_body_is_refused_with_the_field(by, path, wrong, named):
    assert list(refused_fields(by("owner").post(path, wrong))) == [named]


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"role": "editor"}, "file"),
        ({"files": SimpleUploadedFile("people.csv", CSV)}, "file"),
        ({"file": SimpleUploadedFile("people.csv", CSV), "roles": "x"}, "roles"),
        ({"file": SimpleUploadedFile("people.csv", CSV), "expiresInDays": "x"}, "expiresInDays"),
        ({"file": SimpleUploadedFile("people.csv", CSV), "rows": "x"}, "rows"),
        ({"file": SimpleUploadedFile("people.csv", b"\x00\x01\x02")}, "file"),
    ],
)
def test_a_malformed_form_is_refused_with_the_field(by, path, form, named):
    assert list(refused_fields(by("owner").post(path, form, format="multipart"))) == [named]


@pytest.mark.parametrize("content_type", ["text/csv", "application/json", "multipart/form-data; boundary=x"])
def test_a_body_over_ten_megabytes_is_refused(by, path, content_type):
    response = by("owner").post(path, b"x" * (MAX_BYTES + 1), content_type=content_type)
    assert response.status_code == 413


def test_one_key_invites_once(by, path):
    with track_changes() as changes:
        first = by("owner").post(path, CSV, content_type="text/csv", **KEY)
        again = by("owner").post(path, CSV, content_type="text/csv", **KEY)

    assert first.status_code == 200
    assert first.content == again.content
    assert changes.tables["invitations.Invitation"] == (1, 0, 0)
    assert IdempotentResponse.objects.count() == 1
    other = by("owner").post(path, CSV + "x".encode("utf-16-le"), content_type="text/csv", **KEY)
    assert other.json()["error"]["code"] == "idempotency_key_reused"


def test_callers_without_the_permission_are_refused(by, path, organization, member, stranger):
    body = {"rows": [{"email": "ann@example.com"}]}
    assert said(by("anonymous").post(path, body)) == ANONYMOUS
    assert said(by("member").post(path, body)) == lacking("organization:manage_members")
    assert said(by("stranger").post(path, body)) == said(
        by("owner").post(path.replace(str(organization.pk), ABSENT), body)
    )
    assert said(by("stranger").post(path, body)) == refused(
        404, "organization_not_found", "There is no such organization."
    )
