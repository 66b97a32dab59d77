"""Test that secrets are removed from all log lines."""

import json
import logging
import os
import subprocess
import sys
from uuid import UUID

import pytest

from core.logs import MAX_LENGTH, formatter, redact
from core.request_context import RequestContext, within

JSON, PLAIN = formatter(as_json=True), formatter(as_json=False)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvd25lciJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Not Found: /i/hunter2", "Not Found: /i/[redacted]"),
        ("GET /i/hunter2/accept?x=1 200", "GET /i/[redacted]/accept?x=1 200"),
        ("https://host.test/i/hunter2", "https://host.test/i/[redacted]"),
        ("GET //i//hunter2 302", "GET //i/[redacted] 302"),
        ("GET /i/hunter2%3E 302", "GET /i/[redacted] 302"),
        ("GET /i/hunter2/. 302", "GET /i/[redacted]/. 302"),
        ("/accounts/confirm-email/hunter2", "/accounts/confirm-email/[redacted]"),
        ("/accounts//confirm-email//hunter2/", "/accounts//confirm-email/[redacted]/"),
        ("/accounts/password//reset/key///1-hunter2", "/accounts/password//reset/key/[redacted]"),
        ("/accounts/confirm-email/hunter2/", "/accounts/confirm-email/[redacted]/"),
        ("/accounts/password/reset/key/1-hunter2/", "/accounts/password/reset/key/[redacted]/"),
        ("Authorization: Bearer hunter2", "Authorization: [redacted]"),
        ("{'Authorization': 'Token hunter2'}", "{'Authorization': [redacted]}"),
        ("authorization=Basic aHVudGVyMg==", "authorization=[redacted]"),
        ("Cookie: session_id=hunter2; other=hunter2", "Cookie: [redacted]"),
        ("Set-Cookie: session_id=hunter2; Path=/", "Set-Cookie: [redacted]"),
        ("sent bearer hunter2", "sent bearer [redacted]"),
        ("X-API-Key: hunter2", "X-API-Key: [redacted]"),
        ('{"token": "hunter2", "email": "a@b.test"}', '{"token": [redacted], "email": "a@b.test"}'),
        ("POST /accept?token=hunter2&accept=true", "POST /accept?token=[redacted]&accept=true"),
        ("client_secret=hunter2 password='hunter 2'", "client_secret=[redacted] password=[redacted]"),
        ("sent {'password': 'hunter2 and", "sent {'password': [redacted]"),
        ("Proxy-Authorization: Basic aHVudGVyMg==", "Proxy-Authorization: [redacted]"),
        ("my-first-api-key: hunter2", "my-first-api-key: [redacted]"),
        ("/authorize/done?code=hunter2&page=1", "/authorize/done?code=[redacted]&page=1"),
        ("postgres://postgres:hunter2@db/perfectworks", "postgres://postgres:[redacted]@db/perfectworks"),
        (f"cannot read {JWT} today", "cannot read [redacted] today"),
        (f"cannot read key-{JWT} today", "cannot read key-[redacted] today"),
    ],
)
def test_a_secret_is_redacted_and_the_rest_stays(line, expected):
    assert redact(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v0/organization-members/invites?page=1&limit=10 200",
        "invitation 0192f0c1-0000-7000-8000-000000000000 accepted",
        "Listening at: http://127.0.0.1:8000",
    ],
)
def test_an_ordinary_line_is_left_alone(line):
    assert redact(line) == line


@pytest.mark.parametrize(
    "secret", ["token=hunter2", "Cookie: a=hunter2; b=hunter2", "/i/hunter2", "password='hunter2'"]
)
def test_a_text_that_is_too_long_is_cut_where_no_secret_loses_its_name(secret: str):
    for place in range(-40, 1):
        before = "x" * (MAX_LENGTH // 2 + place)
        after = "y" * (MAX_LENGTH // 2 + place)
        shortened = redact(f"began {before} {secret} {before}\n{after} {secret}\nended")
        assert len(shortened) <= MAX_LENGTH + 100
        assert shortened.startswith("began")
        assert shortened.endswith("\nended")
        assert "hunter2" not in shortened


def make_record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    record = logging.getLogger("perfectworks.test").makeRecord(
        "perfectworks.test", logging.WARNING, __file__, 1, message, arguments, None, extra=extra
    )
    record.created = 1_700_000_000.25
    return record


def test_json_lines_carry_only_the_allowed_extras():
    record = make_record(
        "Not Found: %s", "/i/hunter2", status_code=404, request="GET /i/hunter2", reason="token=hunter2"
    )

    assert json.loads(JSON.format(record)) == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "level": "WARNING",
        "logger": "perfectworks.test",
        "event": "Not Found: /i/[redacted]",
        "status_code": 404,
        "reason": "token=[redacted]",
    }


def test_each_line_of_a_request_names_it_and_who_sent_it():
    key = UUID("01900000-0000-7000-8000-000000000001")
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with within(RequestContext("the-request", trace, "api_key", key)):
        line = json.loads(JSON.format(make_record("email sent", email_id=key)))

    assert line == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "level": "WARNING",
        "logger": "perfectworks.test",
        "event": "email sent",
        "request_id": "the-request",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "principal": "api_key",
        "organization_id": str(key),
        "email_id": str(key),
    }


def test_in_development_a_line_is_readable():
    with within(RequestContext("the-request")):
        line = PLAIN.format(make_record("GET %s", "/i/hunter2", status=404, path="/i/hunter2", email_id=UUID(int=1)))

    assert line == (
        "2023-11-14T22:13:20.250+00:00 [WARNING] GET /i/[redacted] [perfectworks.test]"
        " email_id=00000000-0000-0000-0000-000000000001 path=/i/[redacted] request_id=the-request status=404"
    )


@pytest.mark.parametrize("formatter", [JSON, PLAIN], ids=["json", "plain"])
def test_a_traceback_is_redacted_too(formatter):
    record = make_record("failed")
    try:
        raise ValueError("token=hunter2")
    except ValueError:
        record.exc_info = sys.exc_info()

    line = formatter.format(record)

    assert "ValueError: token=[redacted]" in line
    assert "ValueError: token=hunter2" not in line


def test_each_failure_is_logged_once_and_redacted_and_a_refused_request_without_a_traceback():
    script = (
        "import django; django.setup(); from django.test import Client;"
        "Client(SERVER_NAME='perfectworks.test').get('/nowhere/i/hunter2');"
        "Client(SERVER_NAME='10.0.0.7').get('/')"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "perfectworks.settings",
            "SECRET_KEY": "f4QmZ8vJ2xWc7RtYb1NsKd6LpHg3EaUoB5iD9kXyM0qVhTjCwF",
            "PUBLIC_BASE_URL": "http://perfectworks.test",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    ids = [line.pop("request_id") for line in lines]
    assert len(set(ids)) == 2
    assert [line | {"time": ""} for line in lines] == [
        {
            "time": "",
            "level": "WARNING",
            "logger": "django.request",
            "event": "Not Found: /nowhere/i/[redacted]",
            "status_code": 404,
        },
        {
            "time": "",
            "level": "ERROR",
            "logger": "django.security.DisallowedHost",
            "event": "Invalid HTTP_HOST header: '10.0.0.7'. You may need to add '10.0.0.7' to ALLOWED_HOSTS.",
            "status_code": 400,
        },
    ]
    assert "hunter2" not in finished.stderr
