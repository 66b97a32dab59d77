"""The rows of people to invite, and what becomes of each row."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from orgs.models import Role

MAX_ROWS = 10_000


class RowVerdict(TextChoices):
    """What becomes of a row. The rows that are ``invited`` or ``scheduled`` have a new invitation."""

    INVITED = "invited", _("Invited")
    SCHEDULED = "scheduled", _("Invited, the email is scheduled")
    ALREADY_MEMBER = "already_member", _("Already a member")
    ALREADY_INVITED = "already_invited", _("Already invited")
    DUPLICATE = "duplicate", _("Twice in the list")
    INVALID_ADDRESS = "invalid_address", _("Invalid email address")
    INVALID_ROW = "invalid_row", _("Invalid value")
    UNKNOWN_ROLE = "unknown_role", _("Unknown role")
    UNKNOWN_UNIT = "unknown_unit", _("Unknown workspace or application")
    ROLE_NOT_YOURS = "role_not_yours", _("You can't offer this role")
    LEFT_OUT = "left_out", _("Left out")
    NO_SEAT = "no_seat", _("No seat left")
    OVER_LIMIT = "over_limit", _("Over a limit")


@dataclass(frozen=True, slots=True)
class InviteRow:
    """One person to invite. ``email`` is as typed.

    ``role`` and ``unit_role`` are words for roles: a word that the caller maps to a role, an id, or a name. ``unit`` is
    an id, a slug or a name. ``left_out`` is a reason not to invite this row.
    """

    email: str
    name: str = ""
    role: str = ""
    unit: str = ""
    unit_role: str = ""
    language: str = ""
    message: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row. ``email`` is the normalized address, or what was typed if that is no address.

    ``reason`` says more about the verdict: for ``invalid_row`` the name of the field, for ``over_limit`` one of
    ``recipient``, ``open_invitations`` and ``scheduled``, for ``scheduled`` ``open_invitations`` if the email waits
    until another invitation is answered, is withdrawn or expires, for ``invalid_address`` what is wrong, for
    ``unknown_role``
    and ``unknown_unit`` the word. ``invitation_id`` is the new invitation or, if the address is ``already_invited``,
    the open one. ``scheduled_for`` is when a scheduled email is due, if that is known. ``role`` is the role in the
    organization that the new invitation offers.
    """

    email: str
    verdict: RowVerdict
    reason: str = ""
    invitation_id: UUID | None = None
    scheduled_for: datetime | None = None
    role: Role | None = field(default=None, compare=False)


class RowRefused(Exception):
    """A row is not invited."""

    def __init__(self, verdict: RowVerdict, reason: str = "", invitation_id: UUID | None = None) -> None:
        super().__init__(verdict, reason)
        self.verdict, self.reason, self.invitation_id = verdict, reason, invitation_id
