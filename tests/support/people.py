"""One of the cast, how they act, and what they hold in an organization."""

from uuid import UUID

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.models import Membership, Organization
from tests.factories import UserFactory


def cast_member(name: str) -> User:
    """Make the person of this first name, as `owner@example.com` is Owner Cast."""
    return UserFactory.create(email=f"{name}@example.com", first_name=name.capitalize(), last_name="Cast")


def session_of(user: User) -> Principal:
    """Return the principal of a user who signed in with a browser, to act as `by=session_of(owner)`."""
    return Principal(user=user, method=Method.SESSION)


def membership_of(user: User, organization: Organization) -> Membership:
    return Membership.objects.get(user=user, organization=organization)


def role_id_of(user: User, organization: Organization) -> UUID:
    """Return the id of the role that the user holds in the organization itself."""
    return membership_of(user, organization).organization_role.pk
