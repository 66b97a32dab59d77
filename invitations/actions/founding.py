"""Create an organization for somebody else. Its owner gets an invitation."""

from django.db import transaction

from accounts.principals import Principal
from core.addresses import Address
from invitations.actions.inviting import invite
from orgs import policies
from orgs.actions.organizations import add_organization
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE


@transaction.atomic
def create_organization_for_owner(
    *, by: Principal, name: str, email: Address, slug: str = "", language: str = ""
) -> Organization:
    """Create an organization without members, and invite its owner. Staff only.

    The limit on new organizations is one for each founder, so it does not apply. Raises PermissionMissing, SlugTaken,
    OwnAccount, RecipientSendingLimitReached, and ValidationError for an invalid field.
    """
    policies.require_staff(by)
    organization = add_organization(by=by, name=name, slug=slug, language=language)
    invite(by=by, organization_id=organization.pk, email=email, role_id=OWNER_ROLE)
    return organization
