"""Factories that create rows for tests. Example: `InvitationFactory.create(organization=…, expired=True)`.

There is a factory for each model. Factories do not call actions, because actions are the code under test. Factories
fill in missing values, so that the database accepts the row. A trait (such as `expired=True`) stands for a state. It
sets every column that belongs to the state.
"""

from tests.factories.accounts import (
    AccountEmailAttemptFactory,
    AccountEmailFactory,
    ApplicationAccessFactory,
    AuthenticatorFactory,
    EmailAddressFactory,
    ExternalIdentityFactory,
    IdempotentResponseFactory,
    OAuthApplicationFactory,
    SessionFactory,
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
    FormerSlugFactory,
    MembershipFactory,
    OrganizationFactory,
    RoleAssignmentFactory,
    RoleFactory,
    UnitFactory,
)
from tests.factories.outbox import WorkerHeartbeatFactory
from tests.factories.webhooks import (
    WebhookAttemptFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
    WebhookMessageFactory,
)

__all__ = [
    "AccountEmailAttemptFactory",
    "AccountEmailFactory",
    "ApiKeyFactory",
    "ApplicationAccessFactory",
    "AttemptFactory",
    "AuthenticatorFactory",
    "EmailAddressFactory",
    "EmailFactory",
    "EventFactory",
    "ExternalIdentityFactory",
    "FormerSlugFactory",
    "IdempotentResponseFactory",
    "InvitationFactory",
    "MembershipFactory",
    "OAuthApplicationFactory",
    "OrganizationFactory",
    "RoleAssignmentFactory",
    "RoleFactory",
    "SendingCounterFactory",
    "SessionFactory",
    "SuppressionFactory",
    "UnitFactory",
    "UserFactory",
    "WebhookAttemptFactory",
    "WebhookDeliveryFactory",
    "WebhookEndpointFactory",
    "WebhookMessageFactory",
    "WorkerHeartbeatFactory",
]
