"""Test ``manage.py explain``."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from core.api.serializers import format_time
from core.ids import uuid7
from outbox.models import WorkerHeartbeat
from perfectworks.explaining_requests import explain_request
from tests.factories import (
    AccountEmailFactory,
    AttemptFactory,
    EmailFactory,
    EventFactory,
    InvitationFactory,
    SuppressionFactory,
    WebhookDeliveryFactory,
    WebhookMessageFactory,
    WorkerHeartbeatFactory,
)
from tests.support.changes import track_changes

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def run(address="invitee@example.com", **options):
    out = StringIO()
    call_command("explain", address, stdout=out, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _worker(db):
    WorkerHeartbeatFactory.create()


@pytest.fixture
def invitation(organization, owner):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    email = EmailFactory.create(invitation=invitation, deferred=True, response="451 4.7.1 Try again later")
    AttemptFactory.create(email=email, deferred=True)
    return invitation


def test_it_says_why_an_email_did_not_arrive(invitation):
    email = invitation.emails.get()
    attempt = email.history.get()

    with track_changes() as changes:
        lines = run("Invitee@Example.com").splitlines()

    assert changes.nothing
    assert lines == [
        "invitee@example.com: no account has this address.",
        "",
        f"Invitation {invitation.pk} to Riverside (riverside): pending",
        "  The email could not be delivered yet. We will try again. 451 4.7.1 Try again later",
        f"  It is sent at {format_time(email.due_at)} at the earliest.",
        f"  {format_time(email.created_at)}  Email (invitation): queued",
        f"  {format_time(attempt.created_at)}  Email (invitation): deferred, 451 4.7.1 Try again later",
    ]


def test_it_shows_the_account_and_what_it_was_sent(organization, invitee, member, owner):
    SuppressionFactory.create(address="member@example.com")
    email = AccountEmailFactory.create(user=member, failed=True, response="550 5.1.1 No such user")

    lines = run("member@example.com").splitlines()

    assert lines[:2] == [
        f"member@example.com: active account {member.pk}, the address is verified.",
        "Member of Riverside (riverside) as viewer.",
    ]
    assert lines[2].startswith("Unsubscribed from all organizations since ")
    assert lines[3:] == [
        f"{format_time(email.created_at)}  email password_reset_key: failed, 550 5.1.1 No such user",
        "No organization has invited this address.",
    ]


def test_it_says_that_the_person_has_unsubscribed(organization, owner):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    EmailFactory.create(invitation=invitation, withheld=True)
    SuppressionFactory.create(address="invitee@example.com", organization=organization)

    out = run()

    assert "Unsubscribed from Riverside since " in out
    assert "This person has unsubscribed, so no email was sent. They can still answer the invitation." in out


@pytest.mark.parametrize("factory", [EmailFactory, AccountEmailFactory])
def test_it_says_that_no_worker_runs_while_something_waits(factory):
    sentence = "No worker runs, so nothing is sent: start it with manage.py worker, or look at its log."
    email = factory.create(recipient="invitee@example.com", state="queued", sent_at=None, due_at=Now())
    assert sentence not in run()

    WorkerHeartbeat.objects.update(beat_at=Now() - timedelta(minutes=2))
    assert run().splitlines()[1] == sentence
    assert json.loads(run(json=True))["lacksWorker"] is True

    type(email).objects.update(state="failed", due_at=None)
    assert sentence not in run()


def test_an_email_that_waits_is_dropped_if_the_person_has_unsubscribed(invitation, organization):
    SuppressionFactory.create(address="invitee@example.com", organization=organization)

    out = run()

    assert f"But this person has unsubscribed: the email is dropped at {due(invitation)}." in out
    assert "It is sent at" not in out


def event_about(invitation, kind, actor=None, **facts):
    return EventFactory.create(
        kind=kind,
        organization=invitation.organization,
        subject_type="invitation",
        subject_id=invitation.pk,
        actor_id=actor and actor.pk,
        **facts,
    )


def due(invitation):
    return format_time(invitation.emails.get().due_at)


def test_it_says_who_did_what_in_which_request(invitation, owner):
    event = event_about(invitation, "invitation.cancelled", owner, actor_method="api_key", request_id="01a2-cancel")
    expired = event_about(invitation, "invitation.expired", actor_method="service")

    lines = run().splitlines()

    assert f"  {format_time(event.created_at)}  Withdrawn by owner@example.com (api_key), request 01a2-cancel" in lines
    assert f"  {format_time(expired.created_at)}  Expired by the service" in lines


@pytest.mark.parametrize("address", ["inivtee@example.com", "invitee@exmaple.com", "invitee@example.org"])
def test_it_names_addresses_that_differ_little_from_one_that_nobody_has_invited(invitation, address):
    InvitationFactory.create(organization=invitation.organization, email="ingrid@example.com")

    assert run(address).splitlines()[1:] == [
        "No organization has invited this address.",
        "Similar addresses that were invited: invitee@example.com",
    ]


@pytest.mark.parametrize("key", ["invitation", "email", "Message-ID"])
def test_an_id_from_a_log_or_a_header_leads_to_the_address(invitation, key):
    email = invitation.emails.get()
    keys = {"invitation": str(invitation.pk), "email": str(email.pk), "Message-ID": email.message_id}

    assert run(keys[key]) == run("invitee@example.com")


def test_it_says_what_a_request_did(invitation, owner, django_assert_num_queries):
    event = event_about(invitation, "invitation.created", owner, request_id="proxy-4711")
    sent = EmailFactory.create(
        invitation=invitation, kind="reminder", sent=True, response="250 OK", request_id="proxy-4711"
    )
    message = WebhookMessageFactory.create(
        organization=invitation.organization, event_type="invitation.created", request_id="proxy-4711"
    )
    webhook = WebhookDeliveryFactory.create(message=message)

    with django_assert_num_queries(5):
        explain_request("proxy-4711")
    lines = run("proxy-4711").splitlines()

    assert lines == [
        "Request proxy-4711: this is what it did. Its lines in the logs have the same ID.",
        f"{format_time(event.created_at)}  invitation.created: invitation {invitation.pk}, "
        f"organization {invitation.organization_id}, by owner@example.com (session)",
        f"{format_time(sent.created_at)}  Email (reminder) to invitee@example.com: sent, 250 OK, ID {sent.pk}",
        f"{format_time(webhook.created_at)}  Webhook (invitation.created) to {webhook.endpoint.url}: sent, "
        f"ID {webhook.pk}",
    ]
    document = json.loads(run("proxy-4711", json=True))
    assert [one["kind"] for one in document["events"]] == ["invitation.created"]
    assert [one["recipient"] for one in document["emails"]] == ["invitee@example.com"]
    assert [one["type"] for one in document["webhooks"]] == ["invitation.created"]


def test_a_request_without_an_event_is_found_by_the_time_in_its_id(member):
    request_id = uuid7().hex
    AccountEmailFactory.create(user=member, request_id=request_id)

    assert "Email (password_reset_key) to member@example.com: queued" in run(request_id)


def test_an_email_without_an_event_is_found_by_the_id_of_a_proxy(member):
    AccountEmailFactory.create(user=member, request_id="proxy-4711")

    assert "Email (password_reset_key) to member@example.com: queued" in run("proxy-4711")


@pytest.mark.parametrize(
    "request_id", ["proxy-4711", "ffffffffffff7fffbfffffffffffffff", "0000000000007000bfffffffffffffff", "0" * 32]
)
def test_a_request_that_changed_nothing_is_only_in_the_logs(db, request_id):
    assert run(request_id) == (
        f"Request {request_id}: Nothing in the database has the ID of this request. Search the logs for it: what "
        "changes nothing is only there.\n"
    )


def test_it_prints_json(invitation, invitee, organization):
    SuppressionFactory.create(address="invitee@example.com", organization=organization)
    email = AccountEmailFactory.create(user=invitee)

    found = json.loads(run(json=True))

    [explained] = found.pop("invitations")
    [suppression] = found.pop("suppressions")
    reference = {"id": str(organization.pk), "slug": "riverside", "name": "Riverside"}
    assert suppression["organization"] == reference
    assert found == {
        "email": "invitee@example.com",
        "lacksWorker": False,
        "account": {
            "id": str(invitee.pk),
            "name": "Invitee Cast",
            "isActive": True,
            "isDeleted": False,
            "isVerified": True,
        },
        "memberships": [],
        "similarAddresses": [],
        "accountEmails": [
            {
                "id": str(email.pk),
                "purpose": "password_reset_key",
                "state": "queued",
                "createdAt": format_time(email.created_at),
                "response": None,
            }
        ],
    }
    assert explained["organization"] == reference
    assert (explained["invitationId"], explained["state"]) == (str(invitation.pk), "pending")
    assert explained["reason"]["code"] == "email_deferred"
    assert explained["nextAttemptAt"] == due(invitation)
    assert [entry["what"] for entry in explained["timeline"]] == ["email.queued", "email.deferred"]


def test_it_refuses_what_is_no_address(db):
    with pytest.raises(CommandError, match="Enter a valid email address"):
        run("invitee")
