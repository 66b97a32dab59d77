"""Test what a report of an error contains, and what it never contains."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from core.request_context import RequestContext, within
from perfectworks.error_reports import start_error_reports

Reports = list[dict[str, Any]]
logger = logging.getLogger("perfectworks.test_error_reports")
SECRET = "".join(["hunter", "2"])  # the code in the report must not contain it


class KeptReports(Transport):
    """Keep the reports instead of sending them."""

    def __init__(self, reports: Reports) -> None:
        super().__init__()
        self.reports = reports

    def capture_envelope(self, envelope: Envelope) -> None:
        self.reports.append(json.loads(envelope.items[0].get_bytes()))


@pytest.fixture(scope="module")
def kept() -> Iterator[Reports]:
    """Start the reports once, because the SDK patches the loggers only at its first start in a process."""
    kept: Reports = []
    start_error_reports("https://key@sentry.example.com/1", "staging", "0.1.0", transport=KeptReports(kept))
    yield kept
    sentry_sdk.init(default_integrations=False)  # the default ones would add headers to all requests of this process


@pytest.fixture
def reports(kept: Reports) -> Reports:
    kept.clear()
    return kept


def fail(word: str) -> None:
    raise ValueError(f"token={word}")


def test_a_logged_error_is_reported_with_its_request_and_without_secrets(reports):
    with within(RequestContext("the-request", principal="session")):
        try:
            fail(SECRET)
        except ValueError:
            logger.exception("cookie: %s", SECRET, extra={"email_id": 7, "other": SECRET})

    [report] = reports
    assert SECRET not in json.dumps(report)
    [error] = report["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "token=[redacted]")
    assert [frame["function"] for frame in error["stacktrace"]["frames"]][-1] == "fail"
    assert report["message"] == "cookie: [redacted]"
    assert report["tags"] == {"request_id": "the-request", "principal": "session"}
    assert (report["extra"], report["release"], report["environment"]) == ({"email_id": 7}, "0.1.0", "staging")
    assert report.keys().isdisjoint({"request", "user", "server_name", "modules", "breadcrumbs"})


def test_warnings_are_not_reported(reports):
    logger.warning("sign-in refused")
    assert reports == []


def test_refused_requests_are_not_reported(reports, client):
    """Otherwise, everybody could use up the quota of the project."""
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400
    assert reports == []


def test_a_crash_of_a_page_is_reported_once(reports, client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("perfectworks.health.obstacle", lambda: 1 / 0)
    assert client.get(f"/healthz/ready?token={SECRET}", headers={"Cookie": f"a={SECRET}"}).status_code == 500
    [report] = reports
    assert report["exception"]["values"][0]["type"] == "ZeroDivisionError"
    assert SECRET not in json.dumps(report)
    assert report["tags"].keys() == {"request_id"}
