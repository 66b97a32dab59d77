"""What people can do with invitations that they select on a page or in the admin, and the texts about it."""

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

    ``possible`` is its name in ``possible_now``, which decides for one invitation.
    ``question`` and ``done`` return a sentence for a number of invitations. ``ends`` is True if it ends them.
    ``extends`` is True if it lets them expire later and does nothing else.
    """

    run: Callable[..., list[SelectedResult]]
    possible: str
    states: tuple[str, ...]
    button: "str | StrPromise"
    question: Callable[[int], str]
    effects: "Sequence[str | StrPromise]"
    done: Callable[[int], str]
    limit: int = MAX_SELECTED
    ends: bool = False
    extends: bool = False


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


MANY_ACTIONS = {
    "resend": ManyAction(
        resend_many,
        "sent_again",
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
    "extend": ManyAction(
        extend_many,
        "changed",
        ("pending",),
        _("Extend"),
        _ask_to_extend,
        (_("No email is sent. The links stay the same."),),
        _extended,
        extends=True,
    ),
    "withdraw": ManyAction(
        withdraw_many,
        "withdrawn",
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
