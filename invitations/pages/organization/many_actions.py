"""What can be done with many invitations on the page *People*, and what the pages say about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from invitations.actions.managing_many import extend_many, resend_many, withdraw_many
from invitations.bulk.selection import MAX_RESENT, MAX_SELECTED, SelectedResult

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class ManyAction:
    """An action on at most ``limit`` invitations. It is possible for those in one of the ``states``.

    ``question`` and ``done`` return a sentence for a number of invitations. ``ends`` is True if it ends them.
    """

    run: Callable[..., list[SelectedResult]]
    view: str
    states: tuple[str, ...]
    button: "str | StrPromise"
    question: Callable[[int], str]
    effects: "Sequence[str | StrPromise]"
    done: Callable[[int], str]
    limit: int = MAX_SELECTED
    ends: bool = False


def _numbered(sentence: str, number: int) -> str:
    return sentence % {"number": number}


def _ask_to_resend(number: int) -> str:
    return _numbered(
        ngettext("Send %(number)d invitation again?", "Send %(number)d invitations again?", number), number
    )


def _resent(number: int) -> str:
    sentence = ngettext(
        "%(number)d invitation has been sent again", "%(number)d invitations have been sent again", number
    )
    return _numbered(sentence, number)


def _ask_to_extend(number: int) -> str:
    return _numbered(ngettext("Extend %(number)d invitation?", "Extend %(number)d invitations?", number), number)


def _extended(number: int) -> str:
    sentence = ngettext("%(number)d invitation has been extended", "%(number)d invitations have been extended", number)
    return _numbered(sentence, number)


def _ask_to_withdraw(number: int) -> str:
    return _numbered(ngettext("Withdraw %(number)d invitation?", "Withdraw %(number)d invitations?", number), number)


def _withdrawn(number: int) -> str:
    sentence = ngettext(
        "%(number)d invitation has been withdrawn", "%(number)d invitations have been withdrawn", number
    )
    return _numbered(sentence, number)


# The keys are those of ``possible_now``.
MANY_ACTIONS = {
    "sent_again": ManyAction(
        resend_many,
        "organization-resend-many",
        ("pending", "expired", "error"),
        _("Send again"),
        _ask_to_resend,
        (
            _("Each person gets an email with a new link. The links in earlier emails stop working."),
            _("A new invitation takes the place of one that has expired or could not be delivered."),
        ),
        _resent,
        limit=MAX_RESENT,
    ),
    "changed": ManyAction(
        extend_many,
        "organization-extend-many",
        ("pending",),
        _("Extend"),
        _ask_to_extend,
        (_("No email is sent. The links stay the same."),),
        _extended,
    ),
    "withdrawn": ManyAction(
        withdraw_many,
        "organization-withdraw-many",
        ("pending", "processing"),
        _("Withdraw"),
        _ask_to_withdraw,
        (
            _("The links in all emails of these invitations stop working. Nobody can accept them."),
            _("Nobody gets an email about it. To undo it, somebody must send new invitations."),
        ),
        _withdrawn,
        ends=True,
    ),
}
