"""One look at an invitation: who looks, what their link proved, and what stands in the way of an answer.

Every state of an invitation has its own page. The name of the page is the code of the refusal that an action would
raise (``refusals.py``), and its HTTP status is that refusal's: the page never promises what the action would not do.
"""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from accounts.principals import LINK_HOLDER, Principal
from accounts.sessions import session_principal
from core.api.errors import problem_of
from core.errors import DomainError
from core.languages import activate_language
from invitations.actions.granting import still_vouched
from invitations.lookups import find_shown, require_present, require_recipient
from invitations.models import Invitation
from invitations.pages.link_session import recall
from invitations.refusals import InvitationNotFound, InviterCannotGrant, why_not_open
from invitations.tokens import Proof, Purpose
from orgs import policies

ANSWERED_WITH_YES = (Invitation.Status.ACCEPTED, Invitation.Status.PROCESSING)


@dataclass(frozen=True)
class PageState:
    """An invitation as one visitor sees it: ``by`` is the caller of its actions.

    ``proof`` is what their link showed; None when they have proven the invited address and need no link.
    """

    invitation: Invitation
    by: Principal
    proof: Proof | None

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody is."""
        return self.by.user is not None

    @property
    def proves_mailbox(self) -> bool:
        """Whether the visitor has opened the link of this invitation's latest mail."""
        return self.proof == Proof(self.invitation.pk, self.invitation.generation, Purpose.EMAILED)

    @property
    def may_decline(self) -> bool:
        """Whether an open invitation can be declined as things are, perhaps without an account."""
        return self.is_signed_in or self.proves_mailbox

    @property
    def was_accepted_by_visitor(self) -> bool:
        """Whether the signed-in visitor is the one who said yes."""
        answered_by = self.invitation.answered_by_id
        return self.invitation.status in ANSWERED_WITH_YES and bool(answered_by) and answered_by == self.by.actor_id

    def refusal(self) -> DomainError | None:
        """Why the visitor cannot answer now, in the order in which it helps to know; None when they can.

        Somebody signed out may: signing in or up comes first, and then the question is asked again.
        """
        try:
            self._require_open()
            if self.is_signed_in and self.proof is not None:
                require_recipient(self.by, self.invitation, self.proof)
            self._require_vouched()
        except DomainError as refusal:
            return refusal
        return None

    def is_member(self) -> bool:
        """Whether the visitor belongs to the organization already."""
        return policies.find_membership(self.by.user, self.invitation.organization) is not None

    def _require_open(self) -> None:
        if not self.invitation.is_open:
            raise why_not_open(self.invitation)
        if self.proof is not None:
            require_present(self.invitation, self.proof)

    def _require_vouched(self) -> None:
        if not still_vouched(self.invitation.organization, self.invitation) and not self.is_member():
            raise InviterCannotGrant


def page_state_of(request: HttpRequest, invitation_id: UUID) -> PageState:
    """The visit of this request, which speaks the invitation's language from here on.

    Raises InvitationNotFound unless a link or a proven address leads there.
    """
    visit = _visit(request, invitation_id)
    activate_language(visit.invitation.effective_language)
    return visit


def _visit(request: HttpRequest, invitation_id: UUID) -> PageState:
    """Who has proven the invited address needs no link, so an outdated one is no hindrance."""
    invitation = find_shown(invitation_id)
    by = session_principal(request) or LINK_HOLDER
    if by.user and invitation.email in by.user.verified_addresses():
        return PageState(invitation, by, None)
    proof = recall(request.session, invitation_id)
    if proof is None:
        raise InvitationNotFound
    return PageState(invitation, by, proof)


def status_of(refusal: DomainError) -> int:
    """The HTTP status that says this refusal, the same as in the API."""
    return problem_of(refusal).status
