"""Test the id of a request: where it comes from, and what names it."""

import logging
import re

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.email.models import AccountEmail
from core.request_context import HEADER, RequestContext, current_context, current_request_id, new_context, within
from core.statement_clock import run_counted
from events.models import Event
from invitations.email.models import Email
from orgs.models import Organization
from outbox.models import DeliveryState
from tests.support.outbox import deliver_next
from webhooks.models import WebhookMessage

REQUEST = "2f0c7c1e-load-balancer.7"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
MADE = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("sent", ["a1b2c3d4", "9b563a01-5501-430c-9f93-034bf6a05711", "01J9ZK.x_y-z", "a" * 64])
def test_a_well_formed_id_is_taken(sent):
    assert new_context({"HTTP_X_REQUEST_ID": sent}).request_id == sent


@pytest.mark.parametrize(
    "sent",
    ["", "short", "a" * 65, "-starts-with-hyphen", "has space in it", "two-ids-1, two-ids-2", "quote'--------",
     "größe-größe", "newline-\n", "٣٣٣٣٣٣٣٣", "<script>alert"],
)  # fmt: skip
def test_instead_of_another_value_a_new_id_is_made(sent):
    first, second = (new_context({"HTTP_X_REQUEST_ID": sent}).request_id for _ in range(2))
    assert MADE.fullmatch(first)
    assert MADE.fullmatch(second)
    assert first != second


@pytest.mark.parametrize(
    ("sent", "trace_id"),
    [
        (TRACE, "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("ff" + TRACE[2:], ""),
        (TRACE.upper(), ""),
        (TRACE + "-more", ""),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", ""),
        (f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01", ""),
        ("nonsense", ""),
    ],
)
def test_only_a_valid_traceparent_is_taken(sent, trace_id):
    context = new_context({"HTTP_TRACEPARENT": sent})
    assert (context.trace_id, context.traceparent) == (trace_id, sent if trace_id else "")


def test_a_block_has_its_own_context_and_the_former_one_returns():
    with within(RequestContext("outer-one")):
        with within(RequestContext("inner-one")):
            assert current_request_id() == "inner-one"
        assert current_request_id() == "outer-one"
    assert current_request_id() == ""


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz/live", "/accounts/login/", "/nowhere", "/api/v0/nowhere", "/wacht/nowhere"])
def test_every_response_names_its_request_and_the_thread_forgets_it(client: Client, path):
    assert client.get(path, headers={HEADER: REQUEST}).headers[HEADER] == REQUEST
    assert MADE.fullmatch(client.get(path).headers[HEADER])
    assert current_context() is None


def test_an_error_of_the_house_api_names_the_request(client: Client):
    response = client.get("/api/v0/nowhere", headers={HEADER: REQUEST})
    assert response.json() == {
        "success": False,
        "message": "Not found.",
        "error": {"code": "not_found", "message": "Not found.", "requestId": REQUEST},
    }


@pytest.fixture
def invited(owner, organization) -> Organization:
    """An invitation that a request has created."""
    Organization.objects.update(has_webhooks=True)
    client = Client()
    client.force_login(owner)
    response = client.post(
        f"/api/v0/organizations/{organization.pk}/invitations",
        {"email": "invitee@example.com"},
        "application/json",
        headers={HEADER: REQUEST, "traceparent": TRACE, "X-CSRFToken": "not checked by this client"},
    )
    assert response.status_code == 201
    return organization


def test_its_events_emails_and_webhooks_name_the_request(invited):
    assert set(Event.objects.of_organization(invited.pk).values_list("kind", "request_id")) == {
        ("invitation.created", REQUEST)
    }
    assert list(Email.objects.values_list("request_id", "traceparent")) == [(REQUEST, TRACE)]
    assert list(WebhookMessage.objects.values_list("request_id", "traceparent")) == [(REQUEST, TRACE)]


def test_the_delivery_of_its_email_names_the_request(invited, caplog, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    seen: list[str] = []

    def note(_record: logging.LogRecord) -> bool:
        seen.append(current_request_id())
        return True

    caplog.handler.addFilter(note)
    with caplog.at_level(logging.INFO, "outbox"):
        assert deliver_next()

    [message] = mail.outbox
    assert message.extra_headers[HEADER] == REQUEST
    assert seen
    assert set(seen) == {REQUEST}
    assert current_request_id() == ""


@pytest.mark.django_db
def test_a_request_knows_its_statements_and_their_time():
    def fail(*_: object) -> None:
        raise OperationalError

    context = RequestContext("a-request")
    with within(context), connection.execute_wrapper(run_counted), CaptureQueriesContext(connection) as captured:
        list(Organization.objects.all())
        with pytest.raises(OperationalError):
            run_counted(fail, "SELECT 1")
    assert context.statements == len(captured) + 1 == 2
    assert context.database_seconds > 0
    with connection.execute_wrapper(run_counted):
        list(Organization.objects.all())
    assert context.statements == 2


def test_what_no_request_has_caused_names_none(organization, mailoutbox):
    Client().post("/accounts/password/reset/", {"email": "owner@example.com"}, headers={HEADER: REQUEST})
    assert AccountEmail.objects.get().request_id == REQUEST
    AccountEmail.objects.update(request_id="", state=DeliveryState.QUEUED)

    [message] = mailoutbox
    assert HEADER not in message.extra_headers
