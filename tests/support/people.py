"""Create people for tests, and look up their principals and roles."""

import time
from uuid import UUID

from django.test import Client

from accounts.models import User
from accounts.principals import Method, Principal
from orgs.models import Membership, Organization
from tests.factories import UserFactory

PASSWORD = "a calm and long phrase"


def cast_member(name: str) -> User:
    """Create a person by name: `owner` becomes Owner Cast with the address `owner@example.com`."""
    return UserFactory.create(email=f"{name}@example.com", first_name=name.capitalize(), last_name="Cast")


def session_of(user: User) -> Principal:
    """Return the principal of a user with a session. Example: `by=session_of(owner)`."""
    return Principal(user=user, method=Method.SESSION)


def membership_of(user: User, organization: Organization) -> Membership:
    return Membership.objects.get(user=user, organization=organization)


def role_id_of(user: User, organization: Organization) -> UUID:
    """Return the id of the user's organization role."""
    return membership_of(user, organization).organization_role.pk


def sign_in_recently(client: Client) -> None:
    """Let the session of a signed-in client have a sign-in with a password a moment ago."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
