"""The invitations that an action for many is about, and what becomes of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.principals import Principal
from core.errors import Conflict, DomainError, Gone, LimitReached, Unprocessable
from invitations.email.limits import TooManyOpenInvitations
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound, InvitationWaits, InviteeErased
from orgs.actions.account_rights import OwnAccount
from orgs.models import Organization
from orgs.policies import GrantTooWide, PermissionMissing

MAX_SELECTED = 1000
MAX_RESENT = 200  # each needs a dozen statements, and a request has only seconds (``core.deadlines``)


class TooManySelected(Unprocessable):
    """The filter matches more invitations than one request may change."""

    message = "The filter matches too many invitations. Choose a narrower one."

    def __init__(self, limit: int) -> None:
        super().__init__(f"The filter matches more than {limit:,} invitations. Choose a narrower one.", limit=limit)


class SelectedVerdict(TextChoices):
    """What becomes of a selected invitation. Only the first four change something."""

    RESENT = "resent", _("Sent again")
    SCHEDULED = "scheduled", _("Sent again, the email is scheduled")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXTENDED = "extended", _("Extended")
    NOT_FOUND = "not_found", _("Not found")
    NOT_OPEN = "not_open", _("No longer open")
    NOT_YOURS = "not_yours", _("Not permitted")
    OVER_LIMIT = "over_limit", _("Over a limit")
    REFUSED = "refused", _("Not possible")


CHANGED = frozenset(
    {SelectedVerdict.RESENT, SelectedVerdict.SCHEDULED, SelectedVerdict.WITHDRAWN, SelectedVerdict.EXTENDED}
)


@dataclass(frozen=True, slots=True)
class SelectedResult:
    """What became of a selected invitation.

    ``invitation`` is the invitation as it is now, or the new one that replaces it. It is None if there is none with
    this id. ``error`` is what the action for one invitation raises. ``scheduled_for`` is when a scheduled email is due.
    None if it waits for an open slot.
    """

    invitation_id: UUID
    verdict: SelectedVerdict
    invitation: Invitation | None = None
    error: DomainError | None = None
    scheduled_for: datetime | None = None

    @property
    def has_changed(self) -> bool:
        """Whether the action changed the invitation."""
        return self.verdict in CHANGED

    @property
    def reason(self) -> str:
        """The code of the error, or an empty text."""
        return self.error.code if self.error else ""


# The verdict of the first class that the error is an instance of.
_VERDICTS: tuple[tuple[type[DomainError], SelectedVerdict], ...] = (
    (InvitationNotFound, SelectedVerdict.NOT_FOUND),
    (InviteeErased, SelectedVerdict.REFUSED),
    (InvitationWaits, SelectedVerdict.NOT_OPEN),
    (Gone, SelectedVerdict.NOT_OPEN),
    (GrantTooWide, SelectedVerdict.NOT_YOURS),
    (PermissionMissing, SelectedVerdict.NOT_YOURS),
    (OwnAccount, SelectedVerdict.NOT_YOURS),
    (LimitReached, SelectedVerdict.OVER_LIMIT),
    (TooManyOpenInvitations, SelectedVerdict.OVER_LIMIT),
    (Conflict, SelectedVerdict.REFUSED),
)


def refusal_of(invitation_id: UUID, error: DomainError, invitation: Invitation | None = None) -> SelectedResult:
    """Return the result of an invitation that the action refuses with this error. Raises an error without a verdict."""
    for kind, verdict in _VERDICTS:
        if isinstance(error, kind):
            return SelectedResult(invitation_id, verdict, invitation, error)
    raise error


def matching_ids(by: Principal, organization: Organization, filterset: Any, limit: int) -> list[UUID]:
    """Return the ids of the invitations that the caller may manage and that a ``SentInvitationFilter`` selects.

    Raises OrganizationNotFound, PermissionMissing, TooManySelected for more than ``limit`` ids, and InvalidQuery for a
    search of a list that is too large.
    """
    rows = filterset.filter_queryset(Invitation.objects.manageable_in(organization, by).with_details())
    found = list(rows.values_list("pk", flat=True)[: limit + 1])
    if len(found) > limit:
        raise TooManySelected(limit)
    return found
