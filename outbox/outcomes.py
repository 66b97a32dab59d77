"""The result of a delivery, and the text that is stored with it."""

from dataclasses import dataclass, field
from datetime import timedelta

from core.logs import redact
from core.text import UNSAFE_IN_A_LINE
from outbox.models import RESPONSE_LENGTH, DeliveryState


@dataclass(frozen=True)
class Outcome:
    """The result of a delivery: its new state, and a detail in one line.

    ``detail`` is the other side's response if ``by_server`` is true. Otherwise, it is the reason for not sending.
    ``withheld`` means that the recipient does not want it, and that its sender must not notice. ``wait`` is the time
    that the other side asks for before another attempt. ``seconds`` is how long the other side took.
    """

    state: DeliveryState
    detail: str = ""
    by_server: bool = True
    withheld: bool = False
    wait: timedelta | None = None
    seconds: float | None = field(default=None, compare=False)


def dropped(reason: str, *, withheld: bool = False) -> Outcome:
    """Return the outcome of a delivery that is no longer needed."""
    return Outcome(DeliveryState.DROPPED, reason, by_server=False, withheld=withheld)


def stored_line(text: str) -> str:
    """Return the text as one line of visible characters without secrets, truncated to the length of the column."""
    return redact(UNSAFE_IN_A_LINE.sub("", " ".join(text.split())))[:RESPONSE_LENGTH]
