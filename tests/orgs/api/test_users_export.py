"""GET /users/profile/export: everything about the caller.

``tests/perfectworks/test_personal_data.py`` tests what it contains.
"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.principals import Method
from core.personal_data import export_person
from events.models import Event
from tests.orgs.api.house import ANONYMOUS, API, said
from tests.support.changes import track_changes
from tests.support.openapi import documented_answers
from tests.support.people import session_of

PATH = f"{API}/users/profile/export"


def test_the_document_is_streamed_in_the_envelope(by, organization, member):
    Event.objects.record("user.signed_in", by=session_of(member), subject=member, methods=["password"])

    with track_changes() as changes:
        response = by("member").get(PATH)
        body = json.loads(response.getvalue())

    expected = json.loads("".join(export_person(member)))
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Cache-Control"] == "no-store"
    assert body == {
        "success": True,
        "message": "Data exported successfully",
        "data": expected | {"exportedAt": body["data"]["exportedAt"]},
    }
    assert len(expected["memberships"]) == len(expected["eventsByYou"]) == 1
    assert changes.nothing


def test_the_documentation_says_which_version_of_the_schema_it_has(by, member):
    schema = documented_answers()["users_export_profile"]["200"]

    assert schema is not None
    assert schema["properties"]["data"]["properties"]["schemaVersion"]["const"] == 1


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"method": Method.API_KEY}, "credential_not_allowed"),
        ({"method": Method.OAUTH2, "granted_scopes": frozenset({"profile"})}, "credential_not_allowed"),
        ({"authenticated_at": None}, "recent_sign_in_required"),
        ({"authenticated_at": timezone.now() - timedelta(minutes=16)}, "recent_sign_in_required"),
    ],
)
def test_it_requires_a_person_who_signed_in_recently(by, member, bounds, code):
    status, body = said(by("member", **bounds).get(PATH))

    assert (status, body["error"]["code"]) == (403, code)


def test_anonymous_requests_are_refused(by, db):
    assert said(by("anonymous").get(PATH)) == ANONYMOUS
