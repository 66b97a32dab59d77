"""The points at which a worker is killed, who kills it there, and what became of the mails in the end."""

import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import link_for
from tests.invitations.email.control_channel import ControlChannel
from tests.invitations.email.scripted_server import ScriptedServer

NO_SUCH_MAILBOX = "550 5.1.1 No such mailbox"
LATER = "451 4.3.0 Later"

CLAIM = r'UPDATE "invitations_email" .*\bsending\b'
READ = r'FROM "invitations_invitation" INNER JOIN .* LIMIT 21'
NOTE_SENT = r'UPDATE "invitations_email" .*\bsent\b'
NOTE_DEFERRED = r'UPDATE "invitations_email" .*\bdeferred\b'
NOTE_ANSWER = r'INSERT INTO "invitations_attempt"'
END = r'UPDATE "invitations_invitation" .*\berror\b'
TELL = r'INSERT INTO "invitations_email"'


# How many mails may be asked for is another question.
UNLIMITED = (
    *("ORGANIZATION_EMAILS_PER_DAY", "YOUNG_ORGANIZATION_EMAILS_PER_DAY", "INVITER_EMAILS_PER_DAY"),
    "OPEN_INVITATIONS_PER_ORGANIZATION",
)
MANY = 100_000


class Point(NamedTuple):
    """Where a worker stands still: at a step of the conversation, or before or after a statement.

    ``in_window``: the server has taken the mail, and our commit is not done. ``reply`` is what it says to RCPT instead.
    """

    name: str
    step: str = ""
    sql: str = ""
    when: str = ""
    reply: str = ""
    in_window: bool = False


POINTS = [
    Point("before the claim is written", sql=CLAIM, when="before"),
    Point("before the claim is committed", sql=CLAIM, when="after"),
    Point("claimed", sql=READ, when="before"),
    Point("connecting", step="CONNECT"),
    Point("greeting", step="EHLO"),
    Point("naming the sender", step="MAIL"),
    Point("naming the recipient", step="RCPT"),
    Point("announcing the content", step="DATA"),
    Point("content sent, not taken", step="CONTENT"),
    Point("taken, before the 250", step="TAKEN", in_window=True),
    Point("after the 250", sql=NOTE_SENT, when="before", in_window=True),
    Point("half written down", sql=NOTE_SENT, when="after", in_window=True),
    Point("written down, before the commit", sql=NOTE_ANSWER, when="after", in_window=True),
    Point("committed, before the goodbye", step="QUIT"),
    Point("after a 451", sql=NOTE_DEFERRED, when="before", reply=LATER),
    Point("after a 550", sql=END, when="before", reply=NO_SUCH_MAILBOX),
    Point("a 550 half written down", sql=TELL, when="after", reply=NO_SUCH_MAILBOX),
]


class ForkServer:
    """Starts children that have everything imported, and kills them without a word of warning."""

    def __init__(self, process: subprocess.Popen[bytes], mail_port: int) -> None:
        self.channel = ControlChannel(process)
        self.mail_port = mail_port
        self.children: set[int] = set()

    def start(self, job: str = "work", stop: dict[str, Any] | None = None, **order: Any) -> int:
        self.channel.send(job=job, stop=stop or {}, mail_port=self.mail_port, **order)
        child = int(self.channel.receive("No child is born."))
        self.children.add(child)
        return child

    def wait_until_it_stands(self) -> None:
        assert self.channel.receive("No child came to its point.") == "reached"

    def kill(self, child: int) -> None:
        self.channel.send(kill=child)
        assert self.channel.receive("The child cannot be killed.") == "killed"
        self.children.remove(child)

    def kill_all(self) -> None:
        """What a test that failed has left, which may hold a lock."""
        for child in [*self.children]:
            self.channel.send(kill=child)
            while self.channel.receive("The child cannot be killed.") != "killed":
                pass
            self.children.remove(child)


@dataclass
class Tally:
    """What came of the mails of one point."""

    point: str
    kills: int = 0
    sent: int = 0
    lost: int = 0
    doubled_in_the_window: int = 0
    doubled_elsewhere: int = 0
    in_hand: Counter[Any] = field(default_factory=Counter)

    def note_kill(self, *, could_double: bool) -> None:
        """Remember which mail the dead worker had in hand, when its server may have taken it."""
        self.kills += 1
        if could_double:
            self.in_hand.update(Email.objects.filter(state="sending").values_list("message_id", flat=True))

    def count(self, server: ScriptedServer, invitations: Iterable[Invitation]) -> None:
        """Look at what the server took and at what we know of it."""
        copies = Counter(delivery.message_id for delivery in server.accepted)
        for email in Email.objects.filter(invitation__in=list(invitations)).exclude(state="failed"):
            self.sent += bool(copies[email.message_id])
            self.lost += not copies[email.message_id] or email.state != "sent"
            extra = max(copies[email.message_id] - 1, 0)
            allowed = min(extra, self.in_hand[email.message_id])
            self.doubled_in_the_window += allowed
            self.doubled_elsewhere += extra - allowed


def require_copies_to_be_alike(server: ScriptedServer) -> None:
    """Every copy of a mail is for the same person and has the same link."""
    emails = {email.message_id: email for email in Email.objects.select_related("invitation")}
    for delivery in server.accepted:
        email = emails[delivery.message_id]
        assert delivery.recipients == [email.recipient]
        assert not email.is_to_invitee or link_for(email.invitation) in delivery.links


TALLIES: list[Tally] = []
HEAD = ("kills", "sent", "lost", "doubled in the window", "doubled elsewhere")


def table() -> list[str]:
    """The tallies, for people."""
    rows = [(t.point, [t.kills, t.sent, t.lost, t.doubled_in_the_window, t.doubled_elsewhere]) for t in TALLIES]
    rows.append(("all", [sum(column) for column in zip(*(numbers for _, numbers in rows), strict=True)]))
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}" + "".join(f"{number:>23}" for number in numbers) for name, numbers in rows]
    return [f"{'point':{width}}" + "".join(f"{head:>23}" for head in HEAD), *lines]
