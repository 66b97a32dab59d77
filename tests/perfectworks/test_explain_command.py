"""Test ``manage.py explain``."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from core.api.serializers import format_time
from outbox.models import WorkerHeartbeat
from tests.factories import (
    AccountEmailFactory,
    AttemptFactory,
    EmailFactory,
    InvitationFactory,
    SuppressionFactory,
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
    assert [entry["what"] for entry in explained["timeline"]] == ["email.queued", "email.deferred"]


def test_it_refuses_what_is_no_address(db):
    with pytest.raises(CommandError, match="Enter a valid email address"):
        run("invitee")
