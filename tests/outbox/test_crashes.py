"""Kill workers at every point of a delivery: no email is lost, and copies are sent only where they are unavoidable.

The mail server accepts an email before the worker commits the result. If the worker is killed between these two steps,
before or after the 250 response (RFC 1047), the next worker sends the email again with the same Message-ID and link.
At any other point, a second copy is an error.

``kill_points.py`` lists the points. ``make chaos`` kills a hundred workers at each point and prints the results.
"""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import url_str_to_user_pk
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.actions.account_emails import request_account_email
from accounts.email.models import AccountEmail
from accounts.models import User
from events.models import Event
from invitations.actions.maintenance import MAINTENANCE_TASKS
from invitations.email.models import Attempt, Email
from invitations.models import Invitation
from orgs.models import Organization
from outbox.worker import Worker
from tests.factories import UserFactory
from tests.outbox.fixtures import let_time_pass
from tests.outbox.kill_points import (
    MANY,
    NO_SUCH_MAILBOX,
    OF_ACCOUNTS,
    OF_SCHEDULED,
    POINTS,
    TALLIES,
    UNLIMITED,
    ForkServer,
    Point,
    Tally,
    require_identical_copies,
)
from tests.outbox.scripted_server import ScriptedServer
from tests.repetition import times

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("intact_data")]

Invite = Callable[..., Invitation]

PASSWORD_RESET = AccountEmail.Purpose.PASSWORD_RESET_KEY
MAX_SENT_BEFORE = 3  # maximum number of emails that a worker sends before it is killed
MAX_DELIVERIES = 4  # per invitation: a deferral and a final response, for its email and for the notice to the inviter
MAX_LINES = 30  # the server sends about this many lines in four sessions


@pytest.fixture(autouse=True)
def _no_sending_limits(settings: Settings) -> None:
    for name in UNLIMITED:
        setattr(settings, name, MANY)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """Return how many workers are killed at each point."""
    return request.config.getoption("--kills") or times(1, in_full=8)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Return the tally of one test. It is printed at the end of the run."""
    point = request.node.callspec.params.get("point") if hasattr(request.node, "callspec") else None
    TALLIES.append(Tally(point.name if point else request.node.name.removeprefix("test_")))
    return TALLIES[-1]


def send_the_rest(server: ScriptedServer) -> None:
    """Make the server accept the emails that it deferred. Run a new worker as if all leases had ended."""
    server.rcpt_replies = {address: reply for address, reply in server.rcpt_replies.items() if reply.startswith("5")}
    let_time_pass()
    worker = Worker(MAINTENANCE_TASKS)
    for _ in range(MAX_DELIVERIES * (Email.objects.count() + AccountEmail.objects.count()) + 1):
        if not worker.run_once():
            return
    pytest.fail("The next worker delivers the same emails again and again.")


def kill_at(point: Point, after: int, server: ScriptedServer, fork_server: ForkServer) -> None:
    """Let a worker send ``after`` emails, pause the worker at the point, and kill it."""
    after = 0 if point.once else after
    if point.step:
        hold = server.hold(point.step, after=after)
        worker = fork_server.start()
        hold.wait()
        fork_server.kill(worker)
        hold.release()
    else:
        worker = fork_server.start(stop={"sql": point.sql, "when": point.when, "after": after})
        fork_server.wait_until_stopped()
        fork_server.kill(worker)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_nothing_is_lost_and_nothing_is_sent_twice_except_in_the_window(
    mail_server: ScriptedServer, fork_server: ForkServer, invite: Invite, point: Point, kills: int, tally: Tally
):
    invitations = []
    for number in range(kills):
        new = [invite(f"invitee-{number}-{more}@example.com") for more in range(1 + number % MAX_SENT_BEFORE)]
        invitations += new
        if point.reply:
            mail_server.rcpt_replies |= {invitation.email: point.reply for invitation in new}
        kill_at(point, number % MAX_SENT_BEFORE, mail_server, fork_server)
        tally.note_kill(could_repeat=point.in_window)
        let_time_pass()
    send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.kills, tally.lost, tally.repeated_elsewhere) == (kills, 0, 0)
    assert tally.repeated_in_window == (kills if point.in_window else 0)
    require_identical_copies(mail_server)
    require_consistent_rows(invitations, point)


def require_consistent_rows(invitations: list[Invitation], point: Point) -> None:
    """Check the emails, events and attempts of the invitations.

    A rejected invitation has one event and a notice to the inviter. Each response of the server is recorded as one
    attempt, and a crash adds no attempt.
    """
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


@pytest.mark.any_database  # the invitations' emails are delivered by the same queries
@pytest.mark.parametrize("point", OF_ACCOUNTS, ids=lambda point: point.name)
def test_no_email_about_an_account_is_lost_or_sent_twice_except_in_the_window(
    mail_server: ScriptedServer, fork_server: ForkServer, point: Point, kills: int, tally: Tally
):
    tally.model = AccountEmail
    for number in range(kills):
        addresses = [f"person-{number}-{more}@example.com" for more in range(1 + number % MAX_SENT_BEFORE)]
        for address in addresses:
            request_account_email(PASSWORD_RESET, address, user=UserFactory.create(email=address))
        if point.reply:
            mail_server.rcpt_replies |= dict.fromkeys(addresses, point.reply)
        kill_at(point, number % MAX_SENT_BEFORE, mail_server, fork_server)
        tally.note_kill(could_repeat=point.in_window)
        let_time_pass()
    send_the_rest(mail_server)

    tally.count_emails(mail_server, AccountEmail.objects.all())
    assert (tally.kills, tally.lost, tally.repeated_elsewhere) == (kills, 0, 0)
    assert tally.repeated_in_window == (kills if point.in_window else 0)
    for email in AccountEmail.objects.all():
        assert email.state == ("failed" if point.reply == NO_SUCH_MAILBOX else "sent")
        assert email.attempts == email.history.count()
        assert email.attempts == 1 or point.name == "after a 451"
    for delivery in mail_server.accepted:  # each copy has a link that works
        [link] = [link for link in delivery.links if "/password/reset/key/" in link]
        user, _, token = link.rstrip("/").rpartition("/")[2].partition("-")
        assert default_token_generator.check_token(User.objects.get(pk=url_str_to_user_pk(user)), token)


@pytest.mark.parametrize("point", OF_SCHEDULED, ids=lambda point: point.name)
def test_a_scheduled_email_that_becomes_due_is_sent_once_and_starts_the_life_once(
    mail_server: ScriptedServer, fork_server: ForkServer, invite: Invite, point: Point, kills: int, tally: Tally
):
    invitations = []
    for number in range(kills):
        new = [invite(f"invitee-{number}-{more}@example.com") for more in range(1 + number % MAX_SENT_BEFORE)]
        Email.objects.filter(invitation__in=new).update(state="scheduled", due_at=Now())
        Invitation.objects.filter(pk__in=[invitation.pk for invitation in new]).update(
            lifetime_days=10, is_emailed=False
        )
        invitations += new
        kill_at(point, number % MAX_SENT_BEFORE, mail_server, fork_server)
        tally.note_kill(could_repeat=point.in_window)
        let_time_pass()
    send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.kills, tally.lost, tally.repeated_elsewhere) == (kills, 0, 0)
    assert tally.repeated_in_window == (kills if point.in_window else 0)
    for email in Email.objects.select_related("invitation"):
        assert email.sent_at
        assert email.invitation.expires_at == email.sent_at + timedelta(days=10)
        assert (email.invitation.lifetime_days, email.invitation.is_emailed) == (None, True)
        assert Event.objects.about(email.invitation).filter(kind="invitation.emailed").count() == 1


def test_a_kill_at_any_moment_loses_nothing(
    mail_server: ScriptedServer, fork_server: ForkServer, invite: Invite, kills: int, tally: Tally
):
    moments = random.Random(20260501)
    invitations = []
    for number in range(kills):
        invitations += [invite(f"invitee-{number}-{more}@example.com") for more in range(5)]
        moment = len(mail_server.lines_sent) + moments.randrange(MAX_LINES)
        worker = fork_server.start()
        mail_server.wait_for_lines(moment)
        fork_server.kill(worker)
        tally.note_kill(could_repeat=True)
        let_time_pass()
    send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.sent, tally.lost, tally.repeated_elsewhere) == (5 * kills, 0, 0)
    require_identical_copies(mail_server)


@pytest.mark.parametrize(("step", "after"), [("RSET", 1), ("CONTENT", 2)], ids=["before the email", "in the email"])
def test_the_rest_of_a_batch_is_sent_within_a_minute_of_a_kill(
    mail_server: ScriptedServer, fork_server: ForkServer, invite: Invite, step: str, after: int
):
    first, second, third, *rest = [invite(f"invitee-{number}@example.com").emails.get() for number in range(6)]
    hold = mail_server.hold(step, after=after)
    worker = fork_server.start("deliver_slowly", size=5)
    hold.wait()
    fork_server.kill(worker)
    hold.release()
    assert list(Email.objects.filter(state="sent").order_by("id")) == [first, second]
    assert list(Email.objects.being_sent()) == [third]
    assert list(Email.objects.due()) == rest[2:]

    Email.objects.unsent().update(due_at=F("due_at") - timedelta(minutes=1))
    Worker(()).drain()
    assert list(Email.objects.exclude(state="sent")) == [third]
    let_time_pass()
    Worker(()).drain()
    assert sorted(delivery.recipients for delivery in mail_server.accepted) == [
        [email.recipient] for email in (first, second, third, *rest)
    ]


def test_a_kill_of_one_of_two_workers_loses_nothing(
    mail_server: ScriptedServer, fork_server: ForkServer, invite: Invite, kills: int, tally: Tally
):
    invitations = []
    for number in range(kills):
        invitations += [invite(f"invitee-{number}-{more}@example.com") for more in range(4)]
        hold = mail_server.hold("CONTENT")
        workers = fork_server.start(), fork_server.start()
        mail_server.wait_for_emails(4 * number + 3)
        hold.wait()
        for worker in workers:
            fork_server.kill(worker)
        hold.release()
        tally.note_kill(could_repeat=True)  # at the kill, the other worker may not have recorded its last email yet
        send_the_rest(mail_server)

    tally.count(mail_server, invitations)
    assert (tally.sent, tally.lost, tally.repeated_elsewhere) == (4 * kills, 0, 0)


def test_a_request_killed_before_its_commit_sends_nothing(
    mail_server: ScriptedServer,
    fork_server: ForkServer,
    organization: Organization,
    owner: User,
    kills: int,
    tally: Tally,
):
    for number in range(kills):
        request = fork_server.start(
            "invite",
            stop={"sql": r'INSERT INTO "(invitations_email|events_event)"', "when": "after", "after": number % 2},
            by=owner.email,
            organization_id=str(organization.pk),
            email=f"invitee-{number}@example.com",
        )
        fork_server.wait_until_stopped()
        fork_server.kill(request)
        tally.note_kill(could_repeat=False)
    send_the_rest(mail_server)

    assert (Invitation.objects.count(), Email.objects.count(), Event.objects.count()) == (0, 0, 0)
    assert mail_server.accepted == []


def test_a_reminder_that_was_half_queued_is_sent_once(
    mail_server: ScriptedServer, fork_server: ForkServer, invite: Invite, kills: int, tally: Tally
):
    invitations = [invite(f"invitee-{number}@example.com") for number in range(kills)]
    Email.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=2), due_at=None)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    for _ in range(kills):
        worker = fork_server.start(stop={"sql": r'INSERT INTO "invitations_email"', "when": "after"})
        fork_server.wait_until_stopped()
        fork_server.kill(worker)
        tally.note_kill(could_repeat=False)
    send_the_rest(mail_server)

    assert sorted(delivery.recipients for delivery in mail_server.accepted) == sorted([i.email] for i in invitations)
    assert set(Email.objects.filter(kind="reminder").values_list("state", "attempts")) == {("sent", 1)}
    tally.sent = len(mail_server.accepted)
