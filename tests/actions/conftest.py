"""Something that every action can be done to."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.models import ApplicationAccess, User
from accounts.principals import staff
from invitations.email.address_hashes import Suppression, SuppressionScope
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.email.suppressions import unsubscribe
from orgs.actions import api_keys
from orgs.models import Organization
from orgs.oauth import applications
from orgs.permissions import LIST_PROJECTS, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.rows import (
    make_invitation,
    make_organization,
    make_person,
    make_program,
    make_role,
    make_unit,
    make_waiting,
    session,
)


@pytest.fixture
def world(
    organization: Organization, owner: User, admin: User, member: User, invitee: User, stranger: User
) -> SimpleNamespace:
    """Something that each of the actions can be done to."""
    unit, role = make_unit(organization), make_role(organization, "Helper", [LIST_PROJECTS])
    membership = organization.memberships.get(user=member)
    membership.assignments.create(role_id=UNIT_VIEWER_ROLE, unit=unit)
    program = make_program(organization)
    key, _ = api_keys.create_api_key(by=session(member), organization_id=organization.pk, name="Nightly")
    client, _ = applications.register_personal_client(by=session(member), name="Exporter")
    reader, _ = applications.register_client(
        by=session(member), name="Reader", redirect_uris=["https://example.com/back"]
    )
    access = ApplicationAccess.objects.create(user=member, application=client)
    archived = make_organization("archived", owner, deleted_at=timezone.now())
    overdue = make_invitation(organization, "overdue@example.com", owner, days=-1)
    overdue_too = make_invitation(make_organization("second", owner), "overdue@example.com", owner, days=-1)
    queue_email(overdue_too, Email.Kind.INVITATION)
    invitation = make_invitation(organization, "invitee@example.com", owner, role_id=VIEWER_ROLE, days=1)
    owed = make_waiting(make_organization("owing", owner), stranger, owner)
    late = session(make_person("overdue"))
    unsubscribe(by=late, invitation_id=overdue.pk, scope=SuppressionScope.ALL)
    two_days_ago = timezone.now() - timedelta(days=2)
    email = queue_email(invitation, Email.Kind.INVITATION)
    assert email is not None
    Email.objects.filter(pk=email.pk).update(state="sent", sent_at=two_days_ago, due_at=None)
    return SimpleNamespace(
        id=organization.pk,
        owner=session(owner),
        admin=session(admin),
        member=session(member),
        invitee=session(invitee),
        stranger=session(stranger),
        staff=staff(make_person("staff", is_staff=True)),
        inactive=make_person("inactive", is_active=False),
        membership=membership.pk,
        of_program=organization.memberships.get(user=program).pk,
        unit=unit.pk,
        role=role.pk,
        key=key.pk,
        client=client,
        reader=reader,
        access=access.pk,
        archived=archived.pk,
        invitation=invitation.pk,
        email=email.pk,
        overdue=overdue.pk,
        late=late,
        refusal=Suppression.objects.get().pk,
        second=overdue_too.organization_id,
        owed=owed.organization_id,
    )
