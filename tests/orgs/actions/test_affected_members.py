"""The events about members whose roles change because a role or a unit is deleted."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from events.models import Event
from orgs.actions.roles import delete_role
from orgs.actions.units import delete_unit
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, UNIT_EDITOR_ROLE
from tests.factories import MembershipFactory, RoleFactory, UnitFactory
from tests.support.people import session_of
from tests.support.queries import query_summaries

pytestmark = pytest.mark.django_db

Ending = Callable[[User, Organization, int], None]


def end_role(owner: User, organization: Organization, members: int) -> None:
    role = RoleFactory.create(organization=organization)
    MembershipFactory.create_batch(members, organization=organization, role_id=role.pk)
    delete_role(by=session_of(owner), organization_id=organization.pk, role_id=role.pk, reassign_to=EDITOR_ROLE)


def end_unit(owner: User, organization: Organization, members: int) -> None:
    unit = UnitFactory.create(organization=organization)
    MembershipFactory.create_batch(members, organization=organization, unit_roles={unit: UNIT_EDITOR_ROLE})
    delete_unit(by=session_of(owner), organization_id=organization.pk, unit_id=unit.pk)


endings = pytest.mark.parametrize(
    ("ending", "kind", "last"),
    [
        (end_role, "membership.roles_changed", "role.deleted"),
        (end_unit, "membership.unit_role_removed", "unit.deleted"),
    ],
)


@endings
def test_thousands_of_members_cost_as_many_statements_as_a_few(
    owner: User, organization: Organization, ending: Ending, kind: str, last: str
):
    def statements_of(members: int) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            ending(owner, organization, members)
        found = query_summaries(captured)
        return found[found.index("SELECT orgs_organization") :]  # the factories come before

    assert statements_of(6) == statements_of(60)
    kinds = [*Event.objects.of_organization(organization.pk).values_list("kind", flat=True)]
    assert kinds == [*[kind] * 6, last, *[kind] * 60, last]


@endings
def test_of_too_many_members_only_the_number_is_told(
    owner: User, organization: Organization, ending: Ending, kind: str, last: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("orgs.actions.affected_members.MAX_TOLD", 2)
    ending(owner, organization, 2)
    ending(owner, organization, 3)

    told = Event.objects.of_organization(organization.pk).values_list("kind", "data__untold_members")
    assert [*told] == [(kind, None), (kind, None), (last, None), (last, 3)]
