"""Test the envelope of responses in the house API."""

import pytest

from tests.support.request_ids import json_without_request_id

from .notes import write_notes

pytestmark = pytest.mark.urls("tests.core.api.urls")

NOTE_1 = {"id": "00000000-0000-0000-0000-000000000001", "writtenAt": "2026-01-01T00:00:01.000Z", "title": "note 1"}


def test_a_success_says_what_was_done_and_holds_the_data(api, notes):
    write_notes(1)
    response = api.get(f"/api/v0/notes/{NOTE_1['id']}")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == {"success": True, "message": "Note found", "data": NOTE_1}


def test_a_page_has_its_block_beside_the_data(api, notes):
    write_notes(1)
    assert api.get("/api/v0/notes").json() == {
        "success": True,
        "message": "Notes retrieved successfully",
        "data": [NOTE_1],
        "pagination": {"page": 1, "limit": 10, "total": 1, "pages": 1, "hasNext": False, "hasPrev": False},
    }


def test_creating_returns_201(api):
    response = api.post("/api/v0/notes", {"title": "Grün"})
    assert response.status_code == 201
    assert response.content == '{"success":true,"message":"Note written","data":{"title":"Grün"}}'.encode()


def test_no_data_is_null(api):
    response = api.post("/api/v0/echo")
    assert response.status_code == 200
    assert response.json() == {"success": True, "message": "Done", "data": None}


def test_204_is_empty(api):
    response = api.delete(f"/api/v0/notes/{NOTE_1['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers


def test_an_error_has_code_message_fields_and_details(api):
    response = api.get("/api/faults/conflict")
    assert response.status_code == 409
    assert json_without_request_id(response) == {
        "success": False,
        "message": "This note is taken.",
        "error": {
            "code": "note_taken",
            "message": "This note is taken.",
            "fields": {"shortText": ["Taken."]},
            "details": {"takenBy": "owner", "since": {"firstDay": 1}},
        },
    }


def test_an_error_without_fields_and_details_has_neither_key(api, notes):
    response = api.get(f"/api/v0/notes/{NOTE_1['id']}")
    assert response.status_code == 404
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Not found.",
        "error": {"code": "not_found", "message": "Not found."},
    }


def test_a_crash_tells_nothing(api, caplog):
    response = api.get("/api/faults/crash")
    assert response.status_code == 500
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Something went wrong on our side. The error was logged.",
        "error": {
            "code": "internal_error",
            "message": "Something went wrong on our side. The error was logged.",
        },
    }
    assert "ZeroDivisionError" in caplog.text


def test_a_crash_reaches_those_who_listen_for_crashes(client):
    with pytest.raises(ZeroDivisionError):
        client.get("/api/faults/crash")


def test_a_busy_database_says_when_to_come_back(api):
    response = api.get("/api/faults/busy")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert response.json()["error"]["code"] == "busy"


def test_a_missing_credential_is_asked_for(api):
    response = api.get("/api/v0/guarded")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="notes"')
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Authentication credentials were not provided.",
        "error": {"code": "unauthenticated", "message": "Authentication credentials were not provided."},
    }


def test_a_bad_credential_has_a_code_of_its_own(api):
    response = api.get("/api/v0/guarded", headers={"Authorization": "Bearer wrong"})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="notes"')
    assert json_without_request_id(response)["error"] == {"code": "invalid_credentials", "message": "Invalid token."}


def test_authentication_comes_before_validation(api):
    assert api.get("/api/v0/guarded?page=0&nonsense=1").status_code == 401


def test_a_public_operation_asks_for_nothing(api):
    assert api.get("/api/v0/public").json() == {"success": True, "message": "Public", "data": "public"}


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_a_method_that_a_path_lacks_is_refused(api, method):
    response = getattr(api, method)("/api/v0/notes")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST, HEAD, OPTIONS")
    assert json_without_request_id(response)["error"] == {
        "code": "method_not_allowed",
        "message": f'Method "{method.upper()}" not allowed.',
    }


def test_only_json_is_spoken(api):
    response = api.get("/api/v0/public", headers={"Accept": "text/csv"})
    assert response.status_code == 406
    assert response.json()["error"]["code"] == "not_acceptable"


def test_a_method_without_operation_is_our_mistake(client):
    with pytest.raises(Exception, match=r"FaultyViewSet\.forgotten is routed but is not an @operation"):
        client.get("/api/faults/forgotten")


def test_an_operation_without_body_refuses_fields(api):
    response = api.post("/api/v0/echo", {"surprise": 1})
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"surprise": ["This field is unknown."]}


def test_a_dialect_speaks_without_envelope_and_errs_in_its_own_words(api):
    assert api.get("/terse/page?page=2").json() == {"page": 2}
    response = api.get("/terse/page?page=9")
    assert response.status_code == 400
    assert json_without_request_id(response) == {
        "error": "Some query parameters are not valid. page: A whole number from 1 to 5 is expected.",
        "path": "/terse/page",
    }
