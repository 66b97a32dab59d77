"""Load the data that an invitation page depends on: the invitation, the visitor, and the link that was opened.

Every error that prevents an answer (`refusals.py`) has its own page. The template is named after the error code, and
the page has the HTTP status of the error. The page and the action therefore give the same result.
"""

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.http import HttpRequest

from accounts.actions.address_ownership import is_free, needs_first_password, verified_owner
from accounts.principals import LINK_HOLDER, Principal
from accounts.sessions import session_principal
from core.api.errors import problem_of
from core.errors import DomainError
from core.languages import activate_language
from invitations.actions.giving import needed_grant
from invitations.lookups import find_shown, require_present, require_recipient
from invitations.models import Invitation
from invitations.pages.link_session import load_proof
from invitations.refusals import InvitationNotFound, InviterCannotGrant, why_not_open
from invitations.tokens import Proof, Purpose
from orgs import policies
from orgs.models import Membership

ACCEPTED_STATES = (Invitation.Status.ACCEPTED, Invitation.Status.PROCESSING)


@dataclass(frozen=True)
class PageState:
    """An invitation and its visitor.

    `by` is the principal that is passed to the actions. `proof` is the content of the link that the visitor opened, or
    None for an account that has verified the invited address and needs no link.
    """

    invitation: Invitation
    by: Principal
    proof: Proof | None

    @property
    def is_signed_in(self) -> bool:
        """Return whether the visitor is signed in."""
        return self.by.user is not None

    @property
    def proves_mailbox(self) -> bool:
        """Return whether the visitor opened the link of the newest invitation email."""
        return self.proof == Proof(self.invitation.pk, self.invitation.generation, Purpose.EMAILED)

    @property
    def may_decline(self) -> bool:
        """Return whether the visitor may decline an open invitation. With the emailed link, no account is needed."""
        return self.is_signed_in or self.proves_mailbox

    @property
    def may_add_address(self) -> bool:
        """Return whether the visitor may add the invited address to their account. The link proves the mailbox."""
        return self.proves_mailbox and self.is_signed_in and is_free(self.invitation.email)

    @property
    def may_set_password(self) -> bool:
        """Return whether the visitor may set the first password of the account that has the invited address."""
        return self.proves_mailbox and needs_first_password(verified_owner(self.invitation.email))

    @property
    def was_accepted_by_visitor(self) -> bool:
        """Return whether the signed-in visitor accepted the invitation."""
        answered_by = self.invitation.answered_by_id
        return self.invitation.status in ACCEPTED_STATES and bool(answered_by) and answered_by == self.by.actor_id

    def refusal(self) -> DomainError | None:
        """Return the error that prevents the visitor from answering now, or None.

        A visitor who is signed out gets no error for that. This check runs again after the sign-in.
        """
        try:
            self._require_open()
            if self.is_signed_in and self.proof is not None:
                has_verified = bool(self.by.user and self.invitation.email in self.by.user.verified_addresses())
                require_recipient(self.by, self.invitation, self.proof, has_verified=has_verified)
            self._require_vouched()
        except DomainError as refusal:
            return refusal
        return None

    @cached_property
    def others(self) -> list[Invitation]:
        """The other open invitations of the same email. The visitor answers all of them together."""
        return list(self.invitation.open_in_same_email())

    @cached_property
    def units_given(self) -> list[Invitation]:
        """The accepted invitations of the same email that gave the visitor a role in a workspace or application."""
        answered = self.invitation.in_same_email().filter(answered_by=self.invitation.answered_by_id)
        rows = [self.invitation, *answered.filter(status__in=ACCEPTED_STATES)]
        return [row for row in rows if row.unit and "unit_role" in (row.given or ())]

    @cached_property
    def membership(self) -> Membership | None:
        """The visitor's membership of the organization, if any."""
        return policies.find_membership(self.by.user, self.invitation.organization) if self.by.user else None

    def _require_open(self) -> None:
        if not self.invitation.is_open:
            raise why_not_open(self.invitation)
        if self.proof is not None:
            require_present(self.invitation, self.proof)

    def _require_vouched(self) -> None:
        if needed_grant(self.invitation.organization, self.invitation, self.membership) is None:
            raise InviterCannotGrant


def page_state_of(request: HttpRequest, invitation_id: UUID) -> PageState:
    """Return the page state and activate the language of the invitation.

    Raises InvitationNotFound unless the visitor has opened a link or has verified the invited address.
    """
    page_state = _find_page_state(request, invitation_id)
    activate_language(request, page_state.invitation.effective_language)
    return page_state


def _find_page_state(request: HttpRequest, invitation_id: UUID) -> PageState:
    """Return the page state, without a proof if the visitor has verified the invited address.

    Such a visitor needs no link. The link in the session may be outdated.
    """
    invitation = find_shown(invitation_id)
    by = session_principal(request) or LINK_HOLDER
    if by.user and invitation.email in by.user.verified_addresses():
        return PageState(invitation, by, None)
    proof = load_proof(request.session, invitation_id)
    if proof is None:
        raise InvitationNotFound
    return PageState(invitation, by, proof)


def status_of(refusal: DomainError) -> int:
    """Return the HTTP status for the error. The API uses the same status."""
    return problem_of(refusal).status
