"""DELETE /organizations/{id}/permanent: delete an organization permanently."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.principals import Method
from core.addresses import normalize_address
from events.models import Event
from invitations.actions.inviting import invite
from invitations.models import Invitation
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import OWN, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import RoleAssignmentFactory
from tests.orgs.api.house import ANONYMOUS, DONE, OUTSIDER, at, lacking, said
from tests.support.changes import event, track_changes
from tests.support.people import membership_of


def test_everything_is_deleted_except_the_events(by, organization, owner, member, manager, workspace, principal):
    RoleAssignmentFactory.create(
        membership=membership_of(member, organization), role_id=UNIT_VIEWER_ROLE, unit=workspace
    )
    invite(
        by=principal(owner),
        organization_id=organization.pk,
        email=normalize_address("invitee@example.com"),
        role_id=VIEWER_ROLE,
    )
    told = Event.objects.of_organization(organization.pk).count()

    with track_changes() as changes:
        assert said(by("owner").delete(at(organization, "permanent"))) == DONE

    assert changes.events == [event("organization.purged", organization, owner, organization)]
    assert Event.objects.of_organization(organization.pk).count() == told + 1
    left = [rows.exists() for rows in (Membership.objects, RoleAssignment.objects, Invitation.objects)]
    assert left == [False, False, False]
    assert not Organization.objects.exists()
    assert not Role.objects.filter(organization__isnull=False).exists()


def test_an_archived_one_can_be_purged(by, organization):
    Organization.objects.filter(pk=organization.pk).update(deleted_at=timezone.now())

    assert said(by("owner").delete(at(organization, "permanent"))) == DONE
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("who", "answer"),
    [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(OWN)), ("admin", lacking(OWN))],
)
def test_callers_without_permission_are_refused(by, organization, other_organization, who, answer):
    with track_changes() as changes:
        assert said(by(who).delete(at(organization, "permanent"))) == answer

    assert changes.nothing


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"authenticated_at": None}, "recent_sign_in_required"),
        ({"authenticated_at": timezone.now() - timedelta(days=2)}, "recent_sign_in_required"),
        ({"method": Method.API_KEY}, "credential_not_allowed"),
    ],
)
def test_it_requires_a_recent_sign_in(by, organization, bounds, code):
    with track_changes() as changes:
        status, body = said(by("owner", **bounds).delete(at(organization, "permanent")))

    assert (status, body["error"]["code"]) == (403, code)
    assert changes.nothing
