"""The points at which workers are killed, the client of the fork server, and the count of lost or repeated emails."""

import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import link_for
from tests.outbox.control_channel import ControlChannel
from tests.outbox.scripted_server import ScriptedServer

NO_SUCH_MAILBOX = "550 5.1.1 No such mailbox"
LATER = "451 4.3.0 Later"

RESERVE = r'UPDATE "invitations_email" SET "due_at" = [^,]* WHERE "invitations_email"."id" IN'
CLAIM = r'UPDATE "invitations_email" .*\bsending\b'
LOAD_INVITATIONS = r'FROM "invitations_invitation" INNER JOIN .* WHERE "invitations_invitation"."id" IN'
MARK_SENT = r'UPDATE "invitations_email" .*\bsent\b'
MARK_DEFERRED = r'UPDATE "invitations_email" .*\bdeferred\b'
INSERT_ATTEMPT = r'INSERT INTO "invitations_attempt"'
MARK_ERROR = r'UPDATE "invitations_invitation" .*\berror\b'
QUEUE_NOTICE = r'INSERT INTO "invitations_email"'
SLOT_TAKEN = r'UPDATE "invitations_invitation" SET "is_emailed"'
LIFE_STARTED = r'UPDATE "invitations_invitation" SET .*"lifetime_days" ='


# The settings of the sending limits. These tests set them so high that no limit is reached.
UNLIMITED = (
    *("ORGANIZATION_EMAILS_PER_DAY", "YOUNG_ORGANIZATION_EMAILS_PER_DAY", "INVITER_EMAILS_PER_DAY"),
    "OPEN_INVITATIONS_PER_ORGANIZATION",
)
MANY = 100_000


class Point(NamedTuple):
    """A point at which a worker is killed: a step of the SMTP session, or before or after an SQL statement.

    ``in_window`` means that the server has accepted the email but the worker has not committed the result. ``reply``
    is the server's response to RCPT if it does not accept the recipient. ``once`` means that a worker reaches the point
    once for a batch or a connection, not once for each email.
    """

    name: str
    step: str = ""
    sql: str = ""
    when: str = ""
    reply: str = ""
    in_window: bool = False
    once: bool = False


POINTS = [
    Point("before the batch is reserved", sql=RESERVE, when="before", once=True),
    Point("before the reservation is committed", sql=RESERVE, when="after", once=True),
    Point("reserved", sql=LOAD_INVITATIONS, when="before", once=True),
    Point("before the claim is written", sql=CLAIM, when="before"),
    Point("before the claim is committed", sql=CLAIM, when="after"),
    Point("connecting", step="CONNECT", once=True),
    Point("greeting", step="EHLO", once=True),
    Point("naming the sender", step="MAIL"),
    Point("naming the recipient", step="RCPT"),
    Point("announcing the content", step="DATA"),
    Point("content sent, not accepted", step="CONTENT"),
    Point("accepted, before the 250", step="TAKEN", in_window=True),
    Point("after the 250", sql=MARK_SENT, when="before", in_window=True),
    Point("half recorded", sql=MARK_SENT, when="after", in_window=True),
    Point("recorded, before the commit", sql=INSERT_ATTEMPT, when="after", in_window=True),
    Point("committed, before QUIT", step="QUIT", once=True),
    Point("after a 451", sql=MARK_DEFERRED, when="before", reply=LATER),
    Point("after a 550", sql=MARK_ERROR, when="before", reply=NO_SUCH_MAILBOX),
    Point("a 550 half recorded", sql=QUEUE_NOTICE, when="after", reply=NO_SUCH_MAILBOX),
]


def of_account_emails(sql: str) -> str:
    """Return the pattern of the same statement for an email about an account."""
    names = {
        "invitations_email": "accounts_accountemail",
        "invitations_attempt": "accounts_accountemailattempt",
        LOAD_INVITATIONS: r'FROM "accounts_user" WHERE "accounts_user"."id" IN',
        MARK_ERROR: r'UPDATE "accounts_accountemail" .*\bfailed\b',
    }
    for of_invitation, of_account in names.items():
        sql = sql.replace(of_invitation, of_account)
    return sql


# A rejected email about an account causes no notice.
OF_ACCOUNTS = [point._replace(sql=of_account_emails(point.sql)) for point in POINTS if point.sql != QUEUE_NOTICE]

OF_SCHEDULED = [
    Point("before the slot is taken", sql=SLOT_TAKEN, when="before"),
    Point("the slot half taken", sql=SLOT_TAKEN, when="after"),
    Point("the slot taken", sql=CLAIM, when="before"),
    Point("scheduled, after the 250", sql=LIFE_STARTED, when="before", in_window=True),
    Point("the life half started", sql=LIFE_STARTED, when="after", in_window=True),
    Point("scheduled, half recorded", sql=MARK_SENT, when="after", in_window=True),
]


class ForkServer:
    """Start child processes that have all modules imported, and kill them with SIGKILL."""

    def __init__(self, process: subprocess.Popen[bytes], mail_port: int) -> None:
        self.channel = ControlChannel(process)
        self.mail_port = mail_port
        self.children: set[int] = set()

    def start(self, job: str = "work", stop: dict[str, Any] | None = None, **order: Any) -> int:
        self.channel.send(job=job, stop=stop or {}, mail_port=self.mail_port, **order)
        child = int(self.channel.receive("The fork server started no child."))
        self.children.add(child)
        return child

    def wait_until_stopped(self) -> None:
        assert self.channel.receive("No child reached its point.") == "reached"

    def kill(self, child: int) -> None:
        self.channel.send(kill=child)
        assert self.channel.receive("The child cannot be killed.") == "killed"
        self.children.remove(child)

    def wait_for_end(self, child: int) -> None:
        """Wait until a child process has ended."""
        self.channel.send(wait=child)
        assert self.channel.receive("The child does not end.") == "ended"
        self.children.discard(child)

    def kill_all(self) -> None:
        """Kill the child processes that a failed test left running. They may hold database locks."""
        for child in [*self.children]:
            self.channel.send(kill=child)
            while self.channel.receive("The child cannot be killed.") != "killed":
                pass
            self.children.remove(child)


@dataclass
class Tally:
    """The results of the kills at one point."""

    point: str
    kills: int = 0
    sent: int = 0
    lost: int = 0
    repeated_in_window: int = 0
    repeated_elsewhere: int = 0
    may_repeat: Counter[Any] = field(default_factory=Counter)
    model: Any = Email

    def note_kill(self, *, could_repeat: bool) -> None:
        """Count a kill. If the server may have accepted the current email, note that this email may be repeated."""
        self.kills += 1
        if could_repeat:
            self.may_repeat.update(self.model.objects.filter(state="sending").values_list("message_id", flat=True))

    def count(self, server: ScriptedServer, invitations: Iterable[Invitation]) -> None:
        """Compare the emails that the server accepted with the recorded emails, and count lost and repeated emails."""
        self.count_emails(server, Email.objects.filter(invitation__in=list(invitations)))

    def count_emails(self, server: ScriptedServer, emails: Any) -> None:
        """Do the same for these emails."""
        copies = Counter(delivery.message_id for delivery in server.accepted)
        for email in emails.exclude(state="failed"):
            self.sent += bool(copies[email.message_id])
            self.lost += not copies[email.message_id] or email.state != "sent"
            extra = max(copies[email.message_id] - 1, 0)
            allowed = min(extra, self.may_repeat[email.message_id])
            self.repeated_in_window += allowed
            self.repeated_elsewhere += extra - allowed


def require_identical_copies(server: ScriptedServer) -> None:
    """Check that all copies of an email have the same recipient and link."""
    emails = {email.message_id: email for email in Email.objects.select_related("invitation")}
    for delivery in server.accepted:
        email = emails[delivery.message_id]
        assert delivery.recipients == [email.recipient]
        assert not email.is_to_invitee or link_for(email.invitation) in delivery.links


TALLIES: list[Tally] = []
HEAD = ("kills", "sent", "lost", "repeated in window", "repeated elsewhere")


def table() -> list[str]:
    """Return the results as lines of a table."""
    rows = [(t.point, [t.kills, t.sent, t.lost, t.repeated_in_window, t.repeated_elsewhere]) for t in TALLIES]
    rows.append(("all", [sum(column) for column in zip(*(numbers for _, numbers in rows), strict=True)]))
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}" + "".join(f"{number:>23}" for number in numbers) for name, numbers in rows]
    return [f"{'point':{width}}" + "".join(f"{head:>23}" for head in HEAD), *lines]
