"""`kill -9` at every point of a delivery: no mail is lost, and a second copy exists only where it must.

A mail server's taking of a mail and our commit cannot be one step. A worker that dies between them, before or after
it heard the 250 (RFC 1047), leaves a mail that was taken and is not known to be: it is sent again, with the same
Message-ID and the same link. Nowhere else.

The points: ``kills.py``. ``make chaos`` kills a hundred workers at each of them and prints what came of it.
"""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from events.models import Event
from invitations.email.models import Attempt, Email
from invitations.email.worker import Worker
from invitations.models import Invitation
from orgs.models import Organization
from tests.invitations.email.conftest import let_time_pass
from tests.invitations.email.kills import (
    MANY,
    NO_SUCH_MAILBOX,
    POINTS,
    TALLIES,
    UNLIMITED,
    Nursery,
    Point,
    Tally,
    require_copies_to_be_alike,
)
from tests.invitations.email.scripted_server import ScriptedServer
from tests.repetition import times

pytestmark = pytest.mark.django_db(transaction=True)

Invite = Callable[..., Invitation]

AHEAD = 3  # how many mails at most go out well before the worker is killed
MAX_TURNS = 4  # that a mail takes: an answer to wait after, one to keep, and the same for a notice to its inviter
MAX_CONVERSATION = 30  # lines that a server says in about four conversations


@pytest.fixture(autouse=True)
def _nobody_limits_the_emails(settings: Settings) -> None:
    for name in UNLIMITED:
        setattr(settings, name, MANY)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How often a worker is killed at each point."""
    return request.config.getoption("--kills") or times(1, in_full=8)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Of one test, told at the end of the run."""
    point = request.node.callspec.params.get("point") if hasattr(request.node, "callspec") else None
    TALLIES.append(Tally(point.name if point else request.node.name.removeprefix("test_")))
    return TALLIES[-1]


def send_the_rest(server: ScriptedServer) -> None:
    """What the next worker does once the dead one's lease has ended, and the server is in a better mood."""
    server.refused = {address: reply for address, reply in server.refused.items() if reply.startswith("5")}
    let_time_pass()
    worker = Worker()
    for _ in range(MAX_TURNS * Email.objects.count() + 1):
        if not worker.run_once():
            return
    pytest.fail("The next worker takes the same mails without end.")


def kill_at(point: Point, after: int, server: ScriptedServer, nursery: Nursery) -> None:
    """Let a worker send so many mails, stand still at the point, and die there."""
    if point.step:
        hold = server.hold(point.step, after=after)
        worker = nursery.start()
        hold.wait()
        nursery.kill(worker)
        hold.release()
    else:
        worker = nursery.start(stop={"sql": point.sql, "when": point.when, "after": after})
        nursery.wait_until_it_stands()
        nursery.kill(worker)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_nothing_is_lost_and_nothing_sent_twice_but_in_the_window(
    mail_server: ScriptedServer, nursery: Nursery, invite: Invite, point: Point, kills: int, tally: Tally
):
    invitations = []
    for number in range(kills):
        new = [invite(f"invitee-{number}-{more}@example.com") for more in range(1 + number % AHEAD)]
        invitations += new
        if point.reply:
            mail_server.refused |= {invitation.email: point.reply for invitation in new}
        kill_at(point, number % AHEAD, mail_server, nursery)
        tally.note_kill(could_double=point.in_window)
        let_time_pass()
    send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.kills, tally.lost, tally.doubled_elsewhere) == (kills, 0, 0)
    assert tally.doubled_in_the_window == (kills if point.in_window else 0)
    require_copies_to_be_alike(mail_server)
    require_the_ledger_to_know(invitations, point)


def require_the_ledger_to_know(invitations: list[Invitation], point: Point) -> None:
    """Each answer that was written down is one attempt, a crash is none; a refusal is whole."""
    for invitation in Invitation.objects.filter(pk__in=[invitation.pk for invitation in invitations]):
        emails = list(invitation.emails.order_by("id").values_list("kind", "state"))
        events = Event.objects.about(invitation).filter(kind="invitation.failed").count()
        if point.reply == NO_SUCH_MAILBOX:
            assert emails == [("invitation", "failed"), ("undeliverable", "sent")]
            assert (invitation.status, events) == ("error", 1)
        else:
            assert emails == [("invitation", "sent")]
            assert (invitation.status, events) == ("pending", 0)
    for email in Email.objects.all():
        assert email.attempts == Attempt.objects.filter(email=email).count()
        assert email.attempts == 1 or point.name == "after a 451"


def test_a_kill_at_any_moment_loses_nothing(
    mail_server: ScriptedServer, nursery: Nursery, invite: Invite, kills: int, tally: Tally
):
    moments = random.Random(20260501)
    invitations = []
    for number in range(kills):
        invitations += [invite(f"invitee-{number}-{more}@example.com") for more in range(5)]
        moment = len(mail_server.said) + moments.randrange(MAX_CONVERSATION)
        worker = nursery.start()
        mail_server.wait_until_said(moment)
        nursery.kill(worker)
        tally.note_kill(could_double=True)
        let_time_pass()
    send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.sent, tally.lost, tally.doubled_elsewhere) == (5 * kills, 0, 0)
    require_copies_to_be_alike(mail_server)


def test_a_kill_of_one_of_two_workers_loses_nothing(
    mail_server: ScriptedServer, nursery: Nursery, invite: Invite, kills: int, tally: Tally
):
    invitations = []
    for number in range(kills):
        invitations += [invite(f"invitee-{number}-{more}@example.com") for more in range(4)]
        hold = mail_server.hold("CONTENT")
        workers = nursery.start(), nursery.start()
        mail_server.wait_for_emails(4 * number + 3)
        hold.wait()
        for worker in workers:
            nursery.kill(worker)
        hold.release()
        tally.note_kill(could_double=True)  # the other one may have been noting its last mail
        send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.sent, tally.lost, tally.doubled_elsewhere) == (4 * kills, 0, 0)


def test_an_invitation_whose_request_is_killed_before_its_commit_was_never_sent(
    mail_server: ScriptedServer, nursery: Nursery, organization: Organization, owner: User, kills: int, tally: Tally
):
    for number in range(kills):
        request = nursery.start(
            "invite",
            stop={"sql": r'INSERT INTO "(invitations_email|events_event)"', "when": "after", "after": number % 2},
            by=owner.email,
            organization_id=str(organization.pk),
            email=f"invitee-{number}@example.com",
        )
        nursery.wait_until_it_stands()
        nursery.kill(request)
        tally.note_kill(could_double=False)
    send_the_rest(mail_server)

    assert (Invitation.objects.count(), Email.objects.count(), Event.objects.count()) == (0, 0, 0)
    assert mail_server.accepted == []


def test_a_reminder_that_was_half_queued_goes_out_once(
    mail_server: ScriptedServer, nursery: Nursery, invite: Invite, kills: int, tally: Tally
):
    invitations = [invite(f"invitee-{number}@example.com") for number in range(kills)]
    Email.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=2), due_at=None)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    for _ in range(kills):
        worker = nursery.start(stop={"sql": r'INSERT INTO "invitations_email"', "when": "after"})
        nursery.wait_until_it_stands()
        nursery.kill(worker)
        tally.note_kill(could_double=False)
    send_the_rest(mail_server)

    assert sorted(delivery.recipients for delivery in mail_server.accepted) == sorted([i.email] for i in invitations)
    assert set(Email.objects.filter(kind="reminder").values_list("state", "attempts")) == {("sent", 1)}
    tally.sent = len(mail_server.accepted)
