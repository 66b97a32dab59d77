"""Test ``/webhooks/mail/<provider>``: reports with valid or invalid signatures, and malformed reports."""

import json
from collections.abc import Callable

import anymail.urls
import pytest
from django.test import Client
from pytest_django import Settings

from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from outbox.provider_webhook import VIEWS
from perfectworks.environment import WEBHOOK_PACKAGES
from tests.invitations.email.providers import (
    RECORDED,
    SIGNING_KEY,
    configure,
    post,
    recorded,
    report,
    send,
    sign_as_amazon,
    sign_as_mailgun,
    sign_by_password,
)
from tests.outbox.scripted_server import ScriptedServer
from tests.support.changes import track_changes
from tests.support.outbox import deliver_next

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]

Invite = Callable[..., Invitation]

OTHER_STATES = {"opened": "sent"}
ENDED = {name for name in RECORDED if name.endswith("-bounced")} | {"sendgrid-failed"}  # reports of a final failure


@pytest.fixture(autouse=True)
def _without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace boto3. django-anymail needs boto3 only for subscriptions, but sets it up for each request."""
    monkeypatch.delitem(WEBHOOK_PACKAGES, ("amazon_ses", "WEBHOOK_SECRET"))
    monkeypatch.setattr("anymail.webhooks.amazon_ses._get_anymail_boto3_params", lambda kwargs: ({}, {}))


@pytest.fixture
def email(mail_server: ScriptedServer, invite: Invite) -> Email:
    """Return a sent email."""
    email = invite().emails.get()
    assert deliver_next()
    return email


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_report_changes_the_email_it_is_about(email: Email, settings: Settings, name: str):
    provider, state, *_ = name.split("-")
    configure(settings, provider)

    assert report(name, email).status_code == 200

    email.refresh_from_db()
    assert email.state == OTHER_STATES.get(state, state)
    assert email.invitation.status == ("error" if name in ENDED else "pending")


def test_each_provider_of_django_anymail_may_report():
    names = {
        str(pattern.name).partition("_webhook")[0].removesuffix("_tracking") for pattern in anymail.urls.urlpatterns
    }

    assert {name for name in names if not name.endswith("_inbound")} - {"sendinblue"} == set(
        VIEWS
    )  # the former name of Brevo


def test_there_are_recorded_reports_of_every_provider():
    assert {name.partition("-")[0] for name in RECORDED} == set(VIEWS)
    assert {f"{provider}-{state}" for provider in VIEWS for state in ("delivered", "bounced")} <= set(RECORDED)


WITH_CODES = [
    "amazon_ses",
    "brevo",
    "mailgun",
    "mailtrap",
    "mandrill",
    "postal",
    "postmark",
    "sendgrid",
    "sparkpost",
    "unisender_go",
]


@pytest.mark.parametrize("provider", WITH_CODES)
def test_the_reply_code_is_in_the_event_and_the_response_in_the_email(email: Email, settings: Settings, provider: str):
    configure(settings, provider)

    report(f"{provider}-bounced", email)

    email.refresh_from_db()
    assert email.response == "550 5.1.1 No such mailbox"
    assert Event.objects.get(kind="invitation.failed").data["reason"] == "550 5.1.1"


@pytest.mark.parametrize("name", RECORDED)
def test_a_report_that_is_wrongly_signed_changes_nothing(email: Email, settings: Settings, name: str):
    configure(settings, name.partition("-")[0])

    with track_changes() as changes:
        assert report(name, email, signed=False).status_code == 403

    assert changes.nothing


@pytest.mark.parametrize("provider", sorted(set(VIEWS) - {"amazon_ses"}))
def test_a_report_that_is_not_signed_changes_nothing(email: Email, settings: Settings, provider: str):
    configure(settings, provider)
    body = json.dumps(recorded(f"{provider}-bounced", email)).encode()

    with track_changes() as changes:
        assert send(provider, body, {}).status_code == 403

    assert changes.nothing


def test_a_request_without_a_password_gets_a_401_that_makes_amazon_send_it(email: Email, settings: Settings):
    configure(settings, "amazon_ses")
    body, headers = sign_as_amazon(recorded("amazon_ses-bounced", email), SIGNING_KEY)
    del headers["Authorization"]

    with track_changes() as changes:
        response = send("amazon_ses", body, headers)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Basic realm="Anymail WEBHOOK_SECRET"')
    assert changes.nothing


def test_a_signature_is_valid_only_for_its_payload(email: Email, settings: Settings):
    configure(settings, "sendgrid")
    _, headers = sign_by_password([], SIGNING_KEY)
    body = json.dumps(recorded("sendgrid-bounced", email)).encode()

    assert send("sendgrid", body, headers).status_code == 403


@pytest.mark.parametrize("configured", ["", "mailgun"])
def test_a_provider_that_is_not_configured_is_not_found(email: Email, settings: Settings, configured: str):
    if configured:
        configure(settings, configured)

    with track_changes() as changes:
        assert report("postmark-bounced", email).status_code == 404

    assert changes.nothing


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_refused(client: Client, settings: Settings, method: str):
    configure(settings, "postmark")

    assert getattr(client, method)("/webhooks/mail/postmark").status_code == 405


def test_unisender_can_check_the_url_with_get(client: Client, settings: Settings):
    configure(settings, "unisender_go")

    assert client.get("/webhooks/mail/unisender_go").status_code == 200


def test_a_report_is_limited_to_the_size_of_a_batch(settings: Settings, db: None):
    configure(settings, "mailjet")
    padding = [{"event": "open", "Payload": "", "comment": "x" * 900}] * 1000

    assert post("mailjet", padding).status_code == 200
    assert post("mailjet", padding * 2).status_code == 413


def test_each_report_of_a_batch_is_recorded(mail_server: ScriptedServer, invite: Invite, settings: Settings):
    emails = [invite(f"invitee-{number}@example.com").emails.get() for number in range(3)]
    while deliver_next():
        pass
    configure(settings, "sendgrid")
    batch = [recorded("sendgrid-delivered", email)[0] for email in emails]

    assert post("sendgrid", batch).status_code == 200
    assert list(Email.objects.values_list("state", flat=True)) == ["delivered"] * 3


@pytest.mark.parametrize(
    "payload",
    [
        None,
        1,
        "x",
        [1, 2],
        {},
        {"RecordType": None},
        {"RecordType": "Bounce", "Type": ["x"]},
        {"RecordType": "Delivery", "Metadata": None},
        {"RecordType": "Delivery", "Metadata": [1]},
        {"RecordType": "Delivery", "Metadata": {"mail_id": None}},
        {"RecordType": "Delivery", "Metadata": {"mail_id": "\x00"}},
        {"RecordType": "Delivery", "Metadata": {"mail_id": "0" * 32}},
        {"RecordType": "Delivery", "MessageID": ["x"], "DeliveredAt": "yesterday"},
        {"RecordType": "Delivery", "DeliveredAt": "9999-99-99T00:00:00Z"},
        {"RecordType": "Inbound", "FromFull": {}},
    ],
)
def test_a_signed_report_with_unexpected_values_changes_nothing(email: Email, settings: Settings, payload: object):
    configure(settings, "postmark")

    with track_changes() as changes:
        assert post("postmark", payload).status_code in (200, 400)

    assert changes.nothing


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"Details": "\\ud800"'])
def test_a_signed_report_without_valid_json_is_rejected(settings: Settings, db: None, body: bytes):
    configure(settings, "postmark")
    _, headers = sign_by_password({}, SIGNING_KEY)

    assert send("postmark", body, headers).status_code == 400


def test_a_hostile_response_is_stored_as_one_clean_line(email: Email, settings: Settings):
    configure(settings, "postmark")
    text = "550 5.1.1 \ud800\x00\u202eNo\r\nsuch http://127.0.0.1/i/SecretToken " + "x" * 5000

    assert report("postmark-bounced", email, Details=text).status_code == 200

    email.refresh_from_db()
    assert email.response.startswith("550 5.1.1 No such http://127.0.0.1/i/[redacted] xxx")
    assert len(email.response) == 1000


def test_a_mailgun_signature_by_another_key_is_rejected(email: Email, settings: Settings):
    configure(settings, "mailgun")
    body, _ = sign_as_mailgun(recorded("mailgun-bounced", email), SIGNING_KEY[:-1])

    assert send("mailgun", body, {}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_the_response_is_503_while_the_database_is_unreachable(email: Email, settings: Settings, monkeypatch):
    configure(settings, "postmark")
    from django.db import OperationalError

    from invitations.email import handlers

    def fail(**_: object) -> bool:
        raise OperationalError("the database is away")

    monkeypatch.setattr(handlers, "take_report", fail)

    assert report("postmark-bounced", email).status_code == 503


def test_the_log_has_the_place_of_a_read_error_and_nothing_from_the_report(
    settings: Settings, db: None, caplog: pytest.LogCaptureFixture
):
    configure(settings, "mailjet")

    assert post("mailjet", [{"email": "invitee@example.com"}]).status_code == 400

    [line] = [vars(record) for record in caplog.records if record.name == "outbox.provider_webhook"]
    assert (line["message"], line["error"]) == ("email report not readable", "KeyError")
    assert "webhooks/mailjet.py:" in line["place"]
    assert "invitee" not in str(line)
    assert "invitee" not in caplog.text
