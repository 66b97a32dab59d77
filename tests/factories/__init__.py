"""Rows for tests, by name: `InvitationFactory.create(organization=…, inviter=owner, expired=True)`.

There is a factory for each model. They do not use actions, which are what the tests test. Missing values are filled in,
so that the database accepts the row. A trait (`expired=True`) is a state; it sets every column that belongs to it.
"""

from tests.factories.accounts import (
    ApplicationAccessFactory,
    EmailAddressFactory,
    ExternalIdentityFactory,
    IdempotentResponseFactory,
    OAuthApplicationFactory,
    UserFactory,
)
from tests.factories.events import EventFactory
from tests.factories.invitations import (
    AttemptFactory,
    EmailFactory,
    InvitationFactory,
    SendingCounterFactory,
    SuppressionFactory,
)
from tests.factories.orgs import (
    ApiKeyFactory,
    MembershipFactory,
    OrganizationFactory,
    RoleAssignmentFactory,
    RoleFactory,
    UnitFactory,
)

__all__ = [
    "ApiKeyFactory",
    "ApplicationAccessFactory",
    "AttemptFactory",
    "EmailAddressFactory",
    "EmailFactory",
    "EventFactory",
    "ExternalIdentityFactory",
    "IdempotentResponseFactory",
    "InvitationFactory",
    "MembershipFactory",
    "OAuthApplicationFactory",
    "OrganizationFactory",
    "RoleAssignmentFactory",
    "RoleFactory",
    "SendingCounterFactory",
    "SuppressionFactory",
    "UnitFactory",
    "UserFactory",
]
