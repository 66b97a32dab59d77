"""The actions of a person whose emailed link proves that they can read the mailbox of the invited address."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from django.db import transaction

from accounts.actions.address_ownership import needs_first_password, verified_owner, verify_address
from accounts.models import User
from accounts.principals import Principal
from core.errors import Conflict
from invitations.lookups import lock_invitation, require_present
from invitations.models import Invitation
from invitations.refusals import InvitationNotFound, require_open
from invitations.tokens import Proof, Purpose
from orgs import policies
from orgs.locks import lock_active_account


class PasswordExists(Conflict):
    """The invited address has no account, or one that has a password or may not set one with the link."""

    message = "The link of an invitation cannot set a password for this account. Sign in instead."


@transaction.atomic
def add_invited_address(*, by: Principal, invitation_id: UUID, proof: Proof) -> None:
    """Add the invited address to the caller's account, as a verified one. The link proves access to the mailbox.

    Raises PersonRequired, InvitationNotFound, AccountEnded, NewerEmailSent, and AddressTaken if another account has
    verified the address. If the invitation is not open, raises the error from ``why_not_open``.
    """
    user = policies.require_person(by)
    invitation = _lock_proven(invitation_id, proof)
    verify_address(by=by, user=lock_active_account(user.pk), address=invitation.email)


@transaction.atomic
def set_first_password(*, invitation_id: UUID, proof: Proof, password: str) -> User:
    """Set the first password of the account that has verified the invited address, and return the account.

    The caller checks that the password is strong enough. Raises InvitationNotFound, AccountEnded and NewerEmailSent.
    Raises PasswordExists if there is no such account, or if it may not set a password with a link. If the invitation
    is not open, raises the error from ``why_not_open``.
    """
    owner = verified_owner(_lock_proven(invitation_id, proof).email)
    account = lock_active_account(owner.pk) if owner else None
    if account is None or not needs_first_password(account):
        raise PasswordExists
    get_adapter().set_password(account, password)
    return account


def _lock_proven(invitation_id: UUID, proof: Proof) -> Invitation:
    """Lock and return the open invitation of the proof. Only the link of its newest email proves the mailbox."""
    _, invitation = lock_invitation(invitation_id)
    require_present(invitation, proof)
    if proof.purpose != Purpose.EMAILED:
        raise InvitationNotFound
    return require_open(invitation)
