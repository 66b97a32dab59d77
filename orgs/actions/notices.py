"""Queue security notices about members and credentials of an organization, in the transaction of the change.

``accounts.email.notices`` says which notices the owners get too.
"""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.actions.account_emails import send_notices
from accounts.email.models import AccountEmail
from accounts.email.notices import NOTICES
from accounts.models import User
from accounts.principals import Principal
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE


def notify_member(purpose: AccountEmail.Purpose, *, by: Principal, organization: Organization, user: User) -> None:
    """Tell a member what somebody else has changed about their membership."""
    if by.actor_id != user.pk:
        _send(purpose, [user], organization=organization, person=user)


def notify_about_new_owner(organization: Organization, successor: User, former: User) -> None:
    """Tell the new owner, the former owner and the other owners that the ownership was transferred."""
    purpose = AccountEmail.Purpose.OWNERSHIP_TRANSFERRED
    _send(purpose, [successor, former], organization=organization, person=successor)


def notify_about_credential(
    purpose: AccountEmail.Purpose, *, by: Principal, organization: Organization | None, user: User | None
) -> None:
    """Tell a person about a new API key or OAuth application that acts for their account, and the owners.

    ``user`` is the account that the credential acts for. If it is a system user, the caller is told instead. An
    application without an organization has no owners to tell.
    """
    person = user if user is not None and user.is_person else by.user
    if person is not None:
        _send(purpose, [person], organization=organization, person=user or person)


def notify_owners(purpose: AccountEmail.Purpose, *, organization: Organization, object_id: UUID) -> None:
    """Tell the owners about a row of another app, such as a webhook endpoint."""
    _send(purpose, [], organization=organization, object_id=object_id)


def _send(
    purpose: AccountEmail.Purpose,
    people: list[User],
    *,
    organization: Organization | None,
    person: User | None = None,
    object_id: UUID | None = None,
) -> None:
    language = (organization.language if organization else "") or settings.LANGUAGE_CODE
    if organization is not None and NOTICES[purpose].tells_owners:
        people = [*people, *_owners(organization)]
    send_notices(
        purpose,
        people,
        language=language,
        organization_id=organization.pk if organization else None,
        person_id=person.pk if person else None,
        object_id=object_id,
    )


def _owners(organization: Organization) -> QuerySet[User]:
    return User.objects.filter(
        memberships__organization=organization,
        memberships__assignments__role_id=OWNER_ROLE,
        memberships__assignments__unit__isnull=True,
    )
