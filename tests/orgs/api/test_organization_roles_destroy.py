"""DELETE /organizations/{id}/roles/{roleId}: delete a role and reassign its members."""

import pytest

from core.addresses import normalize_address
from invitations.actions.inviting import invite
from invitations.models import Invitation
from orgs.permissions import ADMIN_ROLE, LIST_PROJECTS, MANAGE_MEMBERS, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import RoleFactory
from tests.orgs.api.house import ABSENT, ANONYMOUS, DONE, NO_ROLE, OUTSIDER, at, invalid_query, lacking, refused, said
from tests.support.changes import event, track_changes
from tests.support.people import membership_of

IN_USE = refused(409, "role_in_use", "This role is in use: name another role to take its place.")
BUILT_IN = refused(409, "role_built_in", "A built-in role cannot be changed or deleted.")


@pytest.fixture
def helper(organization):
    return RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])


def test_an_unused_role_is_deleted(by, organization, admin, helper):
    with track_changes() as changes:
        assert said(by("admin").delete(at(organization, "roles", helper.pk))) == DONE

    assert changes.tables == {"orgs.Role": (0, 0, 1)}
    assert changes.events == [event("role.deleted", helper, admin, organization, reassigned_to=None)]


def test_a_role_of_members_needs_reassign_to(by, organization, owner, member, helper):
    membership_of(member, organization).assignments.update(role=helper)

    with track_changes() as changes:
        assert said(by("owner").delete(at(organization, "roles", helper.pk))) == IN_USE
    assert changes.nothing

    with track_changes() as changes:
        address = f"{at(organization, 'roles', helper.pk)}?reassignTo={VIEWER_ROLE}"
        assert said(by("owner").delete(address)) == DONE
    assert changes.tables == {"orgs.Role": (0, 0, 1), "orgs.RoleAssignment": (0, 1, 0)}
    assert [(told.kind, told.subject[1]) for told in changes.events] == [
        ("membership.roles_changed", membership_of(member, organization).pk),
        ("role.deleted", helper.pk),
    ]
    assert membership_of(member, organization).organization_role.pk == VIEWER_ROLE


def test_a_role_of_open_invitations_needs_reassign_to(by, organization, owner, helper, principal):
    sent = invite(
        by=principal(owner),
        organization_id=organization.pk,
        email=normalize_address("invitee@example.com"),
        role_id=helper.pk,
    )

    assert said(by("owner").delete(at(organization, "roles", helper.pk))) == IN_USE
    assert said(by("owner").delete(f"{at(organization, 'roles', helper.pk)}?reassignTo={VIEWER_ROLE}")) == DONE
    assert Invitation.objects.get(pk=sent.pk).role_id == VIEWER_ROLE


def test_built_in_roles_cannot_be_deleted(by, organization):
    with track_changes() as changes:
        assert said(by("owner").delete(at(organization, "roles", ADMIN_ROLE))) == BUILT_IN

    assert changes.nothing


@pytest.mark.parametrize("replacement", [ABSENT, str(UNIT_VIEWER_ROLE)])
def test_errors_name_an_invalid_reassign_to(by, organization, helper, replacement):
    with track_changes() as changes:
        answer = said(by("owner").delete(f"{at(organization, 'roles', helper.pk)}?reassignTo={replacement}"))

    assert answer == refused(
        422, "unknown_role", "This organization has no such role.", fields={"reassignTo": ["Unknown role."]}
    )
    assert changes.nothing


def test_a_role_cannot_be_reassigned_to_itself(by, organization, helper):
    with track_changes() as changes:
        assert said(by("owner").delete(f"{at(organization, 'roles', helper.pk)}?reassignTo={helper.pk}")) == IN_USE

    assert changes.nothing


def test_errors_name_a_malformed_reassign_to(by, organization, helper):
    assert said(by("owner").delete(f"{at(organization, 'roles', helper.pk)}?reassignTo=viewer")) == invalid_query(
        reassignTo=["A UUID is expected."]
    )


def test_foreign_and_unknown_ids_get_the_same_response(by, organization, other_organization):
    foreign = RoleFactory.create(organization=other_organization, name="Foreign")

    for key in (foreign.pk, ABSENT):
        with track_changes() as changes:
            assert said(by("owner").delete(at(organization, "roles", key))) == NO_ROLE
        assert changes.nothing


@pytest.mark.parametrize(
    ("who", "answer"), [("anonymous", ANONYMOUS), ("stranger", OUTSIDER), ("member", lacking(MANAGE_MEMBERS))]
)
def test_callers_without_permission_are_refused(by, organization, other_organization, helper, who, answer):
    with track_changes() as changes:
        assert said(by(who).delete(at(organization, "roles", helper.pk))) == answer

    assert changes.nothing
