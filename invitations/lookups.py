"""Find and lock invitations, for the organization and for the invitee."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import CharField, UUIDField

from accounts.principals import SERVICE, Principal
from core.addresses import Address
from core.compiled import CompiledQuery
from core.compiled_rows import CompiledRows
from core.errors import Unauthenticated
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import AddressNotVerified, InvitationNotFound, NewerEmailSent, NotYours, why_not_open
from invitations.tokens import Proof, Purpose, read_token
from orgs import policies
from orgs.actions.members import AlreadyMember
from orgs.locks import OrganizationNotFound, lock_organization, locking
from orgs.models import Membership, Organization, OrganizationQuerySet
from orgs.policies import EffectivePermissions


def find_invitation(
    organization: Organization, invitation_id: UUID, among: InvitationQuerySet | None = None
) -> Invitation:
    """Return the organization's invitation with this id, loaded ``with_details``. Raises InvitationNotFound."""
    known = Invitation.objects.all() if among is None else among
    invitation = known.with_details().filter(organization=organization, pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_shown(invitation_id: UUID) -> Invitation:
    """Return an invitation and everything that its page shows, in one query.

    The caller must check the permission. Raises InvitationNotFound if the invitation does not exist or its organization
    is archived.
    """
    rows = Invitation.objects.with_details().with_member_count().filter(organization__deleted_at__isnull=True)
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_by_token(token: str) -> Invitation:
    """Return the invitation for the token of a link, and everything that its page shows.

    Raises InvitationNotFound. For the link of an older email, raises NewerEmailSent if the invitation is open, and the
    error from ``why_not_open`` if it is not.
    """
    proof = read_token(token)
    if proof is None:
        raise InvitationNotFound
    invitation = find_shown(proof.invitation_id)
    require_present(invitation, proof)
    return invitation


def find_addressed(by: Principal, invitation_id: UUID) -> Invitation:
    """Return an invitation to a verified address of the caller, loaded ``with_details``. Raises InvitationNotFound."""
    rows = Invitation.objects.addressed_to(by.user).with_details().with_member_count()
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_offer(
    by: Principal, *, organization_id: UUID | None = None, invitation_id: UUID | None = None, token: str | None = None
) -> tuple[UUID, Proof | None]:
    """Return the id of an invitation, and the content of ``token`` if it is given. Pass exactly one keyword argument.

    With ``organization_id``, return that organization's newest open invitation to the caller. If none is open, return
    the newest one. Raises InvitationNotFound.
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
    received = Invitation.objects.addressed_to(by.user).filter(organization_id=organization_id).newest_first()
    newest = received.open().first() or received.first()
    if newest is None:
        raise InvitationNotFound
    return newest.pk


def find_managed(by: Principal, organization: Organization, invitation_id: UUID) -> Invitation:
    """Return an invitation that the caller may manage, loaded ``with_details``.

    Raises OrganizationNotFound and InvitationNotFound. Raises PermissionMissing if the caller may not manage any
    invitation of the organization.
    """
    return find_manageable(policies.require_any_member_management(by, organization), organization, invitation_id)


def find_manageable(held: EffectivePermissions, organization: Organization, invitation_id: UUID) -> Invitation:
    """Return an invitation that a caller with these permissions may manage. Raises InvitationNotFound."""
    manageable = Invitation.objects.manageable_with(held, organization)
    invitation = manageable.with_details().filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def lock_invitation(
    invitation_id: UUID, *, among: InvitationQuerySet | None = None, archived: bool = False
) -> tuple[Organization, Invitation]:
    """Lock the organization of an invitation, then read the invitation. Return both.

    ``among`` limits which invitations can be found. ``archived`` also finds invitations of archived organizations.
    Raises InvitationNotFound.
    """
    known = Invitation.objects.all() if among is None else among
    organization = _lock_organization_of(known.filter(pk=invitation_id), archived=archived)
    return organization, find_invitation(organization, invitation_id)


def _lock_organization_of(invitations: InvitationQuerySet, *, archived: bool = False) -> Organization:
    try:
        return lock_organization(invitations.values("organization_id")[:1], by=SERVICE, archived=archived)
    except OrganizationNotFound as error:
        raise InvitationNotFound from error


LOCKED_FOR_ADDRESSEE = CompiledQuery(
    lambda user, pk: _organization_of(Invitation.objects.addressed_to(user).filter(pk=pk)),
    user=UUIDField(),
    pk=UUIDField(),
)
LOCKED_FOR_LINK = CompiledQuery(lambda pk: _organization_of(Invitation.objects.filter(pk=pk)), pk=UUIDField())
FOR_INVITEE = CompiledRows(
    lambda user, pk: Invitation.objects.filter(pk=pk).with_details().with_invitee(user),
    user=UUIDField(),
    pk=UUIDField(),
)


def _organization_of(invitations: InvitationQuerySet) -> OrganizationQuerySet:
    return locking(Organization.objects.live(), invitations.values("organization_id")[:1])


def find_for_invitee(by: Principal, invitation_id: UUID, proof: Proof | None) -> tuple[Organization, Invitation]:
    """Lock the organization of an invitation and require that the caller is the invitee. Return both.

    For a signed-in caller, the invitation is loaded ``with_invitee``. Raises InvitationNotFound, and Unauthenticated if
    the credential has ended. With ``proof``, can also raise the more specific errors of ``require_present`` and
    ``require_recipient``.
    """
    organization: Organization | None = None
    if proof is not None:
        organization = LOCKED_FOR_LINK.first(pk=invitation_id)
    elif by.user is not None:
        organization = LOCKED_FOR_ADDRESSEE.first(user=by.user.pk, pk=invitation_id)
    if organization is None:
        raise InvitationNotFound
    invitation = _find_with_invitee(by, organization, invitation_id)
    if proof is not None:
        require_present(invitation, proof)
    require_recipient(by, invitation, proof, has_verified=by.user is not None and invitation.is_to_caller)
    return organization, invitation


def _find_with_invitee(by: Principal, organization: Organization, invitation_id: UUID) -> Invitation:
    if by.user is None:  # the caller has only the link
        return find_invitation(organization, invitation_id)
    rows = list(policies.with_live_credential(FOR_INVITEE.of(user=by.user.pk, pk=invitation_id), by))
    if not rows:
        raise InvitationNotFound
    if not rows[0].credential_is_live:
        raise Unauthenticated
    found: Invitation = rows[0]
    return found


def require_present(invitation: Invitation, proof: Proof) -> None:
    """Require that the link is for this invitation and its current generation.

    Raises InvitationNotFound for another invitation. For an older generation, raises NewerEmailSent if the invitation
    is open, and the error from ``why_not_open`` if it is not.
    """
    if proof.invitation_id != invitation.pk:
        raise InvitationNotFound
    if proof.generation != invitation.generation:
        if invitation.is_open:
            raise NewerEmailSent
        raise why_not_open(invitation)


def require_recipient(by: Principal, invitation: Invitation, proof: Proof | None, *, has_verified: bool) -> None:
    """Require that the caller owns the invited address.

    A signed-in caller must have verified the address (``has_verified``). A caller who is not signed in needs the
    emailed link. The link is enough to decline, but to accept, the caller needs an account. Raises InvitationNotFound.
    With ``proof``, raises AddressNotVerified if the account has not verified the address, and NotYours if the account
    has another address.
    """
    if by.user is None:
        if proof is None or proof.purpose != Purpose.EMAILED:
            raise InvitationNotFound
        return
    if has_verified:
        return
    if proof is None:
        raise InvitationNotFound
    if EmailAddress.objects.filter(user=by.user, email=invitation.email).exists():
        raise AddressNotVerified
    raise NotYours


MEMBER_BY_ADDRESS = CompiledQuery(
    lambda organization, email: Membership.objects.filter(
        organization=organization, user__emailaddress__email=email, user__emailaddress__verified=True
    ).values_list("pk")[:1],
    organization=UUIDField(),
    email=CharField(),
)


def require_not_member(organization: Organization, address: Address) -> None:
    """Raise AlreadyMember if the user who verified this address is a member of the organization."""
    if MEMBER_BY_ADDRESS.rows(organization=organization.pk, email=address):
        raise AlreadyMember
