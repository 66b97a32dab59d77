"""Accept or decline all open invitations that share an email. Each is answered by the action for one invitation."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from core.errors import DomainError, Gone
from invitations.actions import answering
from invitations.actions.answering import AcceptResult
from invitations.email.address_hashes import SuppressionScope
from invitations.models import Invitation
from invitations.refusals import InvitationWaits, InviterCannotGrant, NewerEmailSent
from invitations.tokens import Proof

Result = TypeVar("Result")
#: Answers one invitation. The last argument is whether to tell the inviter.
Answer = Callable[[UUID, Proof | None, bool], Result]


@transaction.atomic
def accept_all(*, by: Principal, invitation_id: UUID, proof: Proof | None = None) -> list[AcceptResult]:
    """Accept an invitation and the other open ones that share its email. Return what was accepted, at least one.

    The inviter gets one email. Raises what ``accept`` raises for the first, unless another one can be accepted.
    """
    return _answer_all(
        lambda key, proved, tell: answering.accept(by=by, invitation_id=key, proof=proved, tell_inviter=tell),
        invitation_id,
        proof,
    )


@transaction.atomic
def decline_all(
    *,
    by: Principal,
    invitation_id: UUID,
    proof: Proof | None = None,
    reason: str = "",
    unsubscribe_from: SuppressionScope | None = None,
) -> list[Invitation]:
    """Decline an invitation and the other open ones that share its email, with the same reason.

    The inviter gets one email. Raises what ``decline`` raises for the first, unless another one can be declined.
    """
    return _answer_all(
        lambda key, proved, tell: answering.decline(
            by=by,
            invitation_id=key,
            proof=proved,
            reason=reason,
            unsubscribe_from=unsubscribe_from if tell else None,
            tell_inviter=tell,
        ),
        invitation_id,
        proof,
    )


def _answer_all(answer: Answer[Result], invitation_id: UUID, proof: Proof | None) -> list[Result]:
    """Answer the invitation, and the others in the order in which they were made."""
    results: list[Result] = []
    refusal = _try(results, answer, invitation_id, proof)
    for other in Invitation.objects.sharing_email_with(invitation_id) if _may_share(results, refusal) else ():
        proved = replace(proof, invitation_id=other) if proof else None
        _try(results, answer, other, proved)
    if refusal is not None and not results:
        raise refusal
    return results


def _try(results: list[Result], answer: Answer[Result], key: UUID, proof: Proof | None) -> DomainError | None:
    """Answer one invitation and add the result. Return the error if this invitation alone cannot be answered."""
    try:
        results.append(answer(key, proof, not results))
    except NewerEmailSent:
        raise
    except (Gone, InvitationWaits, InviterCannotGrant) as refusal:
        return refusal
    return None


def _may_share(results: list[Result], refusal: DomainError | None) -> bool:
    """Return whether other invitations may share the email. The answered row says so, without a query."""
    if refusal is not None:
        return True
    [result] = results
    answered = result.invitation if isinstance(result, AcceptResult) else result
    return isinstance(answered, Invitation) and answered.shares_email_of_id is not None
