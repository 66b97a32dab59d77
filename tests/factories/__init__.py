"""Rows for tests, by name: `InvitationFactory.create(organization=…, inviter=owner, expired=True)`.

A factory for each model, made without the actions that the tests are about. What a call leaves out is filled in so
that the database accepts the row; a trait (`expired=True`) names a state and sets every column that goes with it.
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
