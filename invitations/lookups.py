"""Finding an invitation: as the organization that sent it, and as the person it was sent to."""

from uuid import UUID

from allauth.account.models import EmailAddress

from accounts.models import user_by_verified_address
from accounts.principals import SERVICE, Principal
from core.addresses import Address
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import AddressNotVerified, InvitationNotFound, NewerEmailSent, NotYours, why_not_open
from invitations.tokens import Proof, Purpose, read_token
from orgs.actions.members import AlreadyMember
from orgs.locks import OrganizationNotFound, lock_organization
from orgs.models import Membership, Organization


def find_invitation(organization: Organization, invitation_id: UUID) -> Invitation:
    """The organization's invitation with all that a row shows; raises InvitationNotFound."""
    invitation = Invitation.objects.with_details().filter(organization=organization, pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_shown(invitation_id: UUID) -> Invitation:
    """The invitation of a live organization with all that its page shows, for whoever may see it.

    The caller sees to that. Raises InvitationNotFound; one query.
    """
    rows = Invitation.objects.with_details().with_member_count().filter(organization__deleted_at__isnull=True)
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_by_token(token: str) -> Invitation:
    """What a link names, with all that its page shows, for whoever has the link.

    Raises InvitationNotFound, and NewerMailSent (or what became of the invitation) for the link of an older mail.
    """
    proof = read_token(token)
    if proof is None:
        raise InvitationNotFound
    invitation = find_shown(proof.invitation_id)
    require_present(invitation, proof)
    return invitation


def find_addressed(by: Principal, invitation_id: UUID) -> Invitation:
    """An invitation to an address the caller has proven, with all that its row shows; raises InvitationNotFound."""
    rows = Invitation.objects.addressed_to(by.user).with_details().with_member_count()
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_offer(
    by: Principal, *, organization_id: UUID | None = None, invitation_id: UUID | None = None, token: str | None = None
) -> tuple[UUID, Proof | None]:
    """Which invitation is meant by one of the three, and what its link proves; raises InvitationNotFound.

    An organization means its newest open invitation to the caller, or the newest of any state.
    """
    if invitation_id:
        return invitation_id, None
    if organization_id:
        return _newest_from(organization_id, by), None
    proof = read_token(token or "")
    if proof is None:
        raise InvitationNotFound
    return proof.invitation_id, proof


def _newest_from(organization_id: UUID, by: Principal) -> UUID:
    theirs = Invitation.objects.addressed_to(by.user).filter(organization_id=organization_id).newest_first()
    newest = theirs.open().first() or theirs.first()
    if newest is None:
        raise InvitationNotFound
    return newest.pk


def find_managed(by: Principal, organization: Organization, invitation_id: UUID) -> Invitation:
    """An invitation the caller may manage; raises InvitationNotFound, and PermissionMissing to who manages none."""
    manageable = Invitation.objects.manageable_in(organization, by)
    invitation = manageable.with_details().filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def lock_invitation(
    invitation_id: UUID, *, among: InvitationQuerySet | None = None, archived: bool = False
) -> tuple[Organization, Invitation]:
    """The locked organization, which the invitation alone names, and then the invitation as it now is.

    Raises InvitationNotFound for one that is not ``among`` those the caller may know of, and when the organization
    is archived, unless ``archived`` admits that.
    """
    known = Invitation.objects.all() if among is None else among
    organization_id = known.filter(pk=invitation_id).values_list("organization_id", flat=True).first()
    if organization_id is None:
        raise InvitationNotFound
    try:
        organization = lock_organization(organization_id, by=SERVICE, archived=archived)
    except OrganizationNotFound as error:
        raise InvitationNotFound from error
    return organization, find_invitation(organization, invitation_id)


def find_for_invitee(by: Principal, invitation_id: UUID, proof: Proof | None) -> tuple[Organization, Invitation]:
    """The locked organization and the invitation, for whom it is addressed to.

    Without a link the invitation of somebody else is unknown; with one the refusal says what is wrong.
    """
    known = Invitation.objects.addressed_to(by.user) if proof is None else None
    organization, invitation = lock_invitation(invitation_id, among=known)
    if proof is not None:
        require_present(invitation, proof)
    require_recipient(by, invitation, proof)
    return organization, invitation


def require_present(invitation: Invitation, proof: Proof) -> None:
    """Raise unless the link names this invitation in its present generation."""
    if proof.invitation_id != invitation.pk:
        raise InvitationNotFound
    if proof.generation != invitation.generation:
        if invitation.is_open:
            raise NewerEmailSent
        raise why_not_open(invitation)


def require_recipient(by: Principal, invitation: Invitation, proof: Proof | None) -> None:
    """Raise unless the caller has proven the invited address.

    Signed out, the mailed link itself is that proof (for declining: accepting needs an account).
    """
    if by.user is None:
        if proof is None or proof.purpose != Purpose.EMAILED:
            raise InvitationNotFound
        return
    if invitation.email in by.user.verified_addresses():
        return
    if proof is None:
        raise InvitationNotFound
    if EmailAddress.objects.filter(user=by.user, email=invitation.email).exists():
        raise AddressNotVerified
    raise NotYours


def require_not_member(organization: Organization, address: Address) -> None:
    """Raise AlreadyMember when whoever has proven this address belongs to the organization."""
    user_id = user_by_verified_address(address)
    if user_id and Membership.objects.filter(organization=organization, user_id=user_id).exists():
        raise AlreadyMember
