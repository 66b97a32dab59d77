"""Data for the tests of all actions."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.principals import staff
from invitations.email.address_hashes import Suppression, SuppressionScope
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.email.suppressions import unsubscribe
from orgs.actions import api_keys
from orgs.oauth import applications
from orgs.permissions import ADMIN_ROLE, LIST_PROJECTS, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import (
    ApplicationAccessFactory,
    AuthenticatorFactory,
    EmailAddressFactory,
    EmailFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    RoleAssignmentFactory,
    RoleFactory,
    SessionFactory,
    UnitFactory,
    UserFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
)
from tests.support.people import cast_member, session_of


@pytest.fixture(scope="module")
def first_world(kept: Callable[[Callable[[], SimpleNamespace]], SimpleNamespace]) -> SimpleNamespace:
    return kept(make_world)


@pytest.fixture
def world(first_world: SimpleNamespace, db: None) -> SimpleNamespace:
    """All objects that the actions need."""
    return deepcopy(first_world)


def make_world() -> SimpleNamespace:
    owner, admin, member, invitee, stranger = map(cast_member, ("owner", "admin", "member", "invitee", "stranger"))
    organization = OrganizationFactory.create(slug="riverside", owners=[owner])
    OrganizationFactory.create(slug="hillside", owners=[stranger])
    MembershipFactory.create(organization=organization, user=admin, role_id=ADMIN_ROLE)
    MembershipFactory.create(organization=organization, user=member, role_id=VIEWER_ROLE)
    unit = UnitFactory.create(organization=organization)
    role = RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])
    membership = organization.memberships.get(user=member)
    RoleAssignmentFactory.create(membership=membership, role_id=UNIT_VIEWER_ROLE, unit=unit)
    system_user = MembershipFactory.create(organization=organization, of_system_user=True).user
    key, _ = api_keys.create_api_key(by=session_of(member), organization_id=organization.pk, name="Nightly")
    client, _ = applications.register_personal_client(by=session_of(member), name="Exporter")
    reader, _ = applications.register_client(
        by=session_of(member), name="Reader", redirect_uris=["https://example.com/back"]
    )
    access = ApplicationAccessFactory.create(user=member, application=client)
    archived = OrganizationFactory.create(slug="archived", owners=[owner], archived=True)
    overdue = InvitationFactory.create(
        organization=organization, email="overdue@example.com", inviter=owner, overdue=True
    )
    overdue_too = InvitationFactory.create(
        organization=OrganizationFactory.create(slug="second", owners=[owner]),
        email="overdue@example.com",
        inviter=owner,
        overdue=True,
    )
    queue_email(overdue_too, Email.Kind.INVITATION)
    invitation = InvitationFactory.create(
        organization=organization,
        email="invitee@example.com",
        inviter=owner,
        role_id=VIEWER_ROLE,
        expires_in=timedelta(days=1),
    )
    unanswered = InvitationFactory.create(organization=organization, email="newcomer@example.org", inviter=owner)
    owed = InvitationFactory.create(
        organization=OrganizationFactory.create(slug="owing", owners=[owner]),
        invitee=stranger,
        inviter=owner,
        waiting=True,
    )
    crowded = OrganizationFactory.create(slug="crowded", owners=[owner], open_invitation_limit=1)
    InvitationFactory.create(organization=crowded, inviter=owner)
    postponed = InvitationFactory.create(
        organization=crowded, inviter=owner, is_emailed=False, lifetime_days=3, expires_in=timedelta(hours=1)
    )
    scheduled = EmailFactory.create(invitation=postponed, scheduled=True)
    AuthenticatorFactory.create(user=admin)
    EmailAddressFactory.create(user=member, email="further@example.com", verified=False)
    late = session_of(UserFactory.create(email="overdue@example.com"))
    unsubscribe(by=late, invitation_id=overdue.pk, scope=SuppressionScope.ALL)
    two_days_ago = timezone.now() - timedelta(days=2)
    email = queue_email(invitation, Email.Kind.INVITATION)
    assert email is not None
    Email.objects.filter(pk=email.pk).update(state="sent", sent_at=two_days_ago, due_at=None)
    webhook = WebhookEndpointFactory.create(organization=organization)
    return SimpleNamespace(
        id=organization.pk,
        owner=session_of(owner),
        admin=session_of(admin),
        member=session_of(member),
        invitee=session_of(invitee),
        stranger=session_of(stranger),
        staff=staff(UserFactory.create(email="staff@example.com", superuser=True), "accounts.change_user"),
        inactive=UserFactory.create(email="inactive@example.com", deactivated=True),
        membership=membership.pk,
        of_system_user=organization.memberships.get(user=system_user).pk,
        unit=unit.pk,
        role=role.pk,
        key=key.pk,
        webhook=webhook.pk,
        webhook_delivery=WebhookDeliveryFactory.create(endpoint=webhook).pk,
        disabled_webhook=WebhookEndpointFactory.create(organization=organization, state="disabled").pk,
        client=client,
        reader=reader,
        access=access.pk,
        session=SessionFactory.create(user=member).pk,
        archived=archived.pk,
        invitation=invitation.pk,
        unanswered=unanswered.pk,
        email=email.pk,
        overdue=overdue.pk,
        postponed=postponed.pk,
        scheduled=scheduled.pk,
        late=late,
        refusal=Suppression.objects.get().pk,
        second=overdue_too.organization_id,
        owed=owed.organization_id,
    )
