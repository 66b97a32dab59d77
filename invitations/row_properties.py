"""Properties of invitations that lists show. A row is an invitation, or a named tuple of its columns."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from accounts.models import display_name_of


def state_of(row: Any) -> str:
    """Return the status, or ``expired`` if the invitation is overdue."""
    state: str = "expired" if row.is_overdue else row.status
    return state


def ended_at(row: Any) -> datetime | None:
    """Return when the invitation ended. For an overdue invitation, this is the expiry date."""
    moment: datetime | None = row.expires_at if row.is_overdue else row.finished_at
    return moment


def account_name(row: Any) -> str | None:
    """Return the current name of the inviter's account, or None if there is none. The row is a named tuple."""
    if row.inviter_id is None:
        return None
    return display_name_of(row.inviter__first_name, row.inviter__last_name, row.inviter__email, row.inviter__kind)


def inviter_display_name(row: Any, organization: str, account: str | None) -> str:
    """Return the name of the inviter's account, or a stored name or a placeholder if there is no account.

    An invitation from staff has the organization's name, because the invitee does not know them.
    """
    if row.inviter_id is not None and not row.inviter_name:
        return organization
    return account or row.inviter_name or gettext("A former member")
