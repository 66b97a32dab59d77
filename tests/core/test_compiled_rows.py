"""Test that compiled rows are those of the querysets, for every shape."""

import pytest
from django.db.models import CharField, UUIDField

from core.compiled_rows import CompiledRows
from orgs.models import Membership
from tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


def by_address(rows, email):
    return rows.filter(user__email=email)


def sorted_by(rows, column):
    return rows.order_by(column)


@pytest.fixture
def members():
    return CompiledRows(
        lambda organization: Membership.objects.filter(organization=organization), organization=UUIDField()
    )


@pytest.fixture
def people():
    organization = OrganizationFactory.create()
    return [MembershipFactory.create(organization=organization) for _ in range(3)]


def test_steps_narrow_the_rows_and_keep_the_rows_they_start_from(members, people):
    everybody = members.of(organization=people[0].organization_id)
    one = everybody.then(by_address, email=(CharField(), people[1].user.email))

    assert list(one) == list(one.queryset()) == [people[1]]
    assert (everybody.count(), one.count()) == (3, 1)
    assert list(everybody.then(sorted_by, "-id")[:2]) == [people[2], people[1]]
    assert everybody.model is Membership


def test_requests_of_the_same_shape_share_a_query_and_not_their_values(members, people):
    organization = people[0].organization_id
    found = [
        list(members.of(organization=organization).then(by_address, email=(CharField(), one.user.email)))
        for one in people
    ]

    assert found == [[one] for one in people]
    assert len(members.queries) == 1


def test_the_number_of_kept_queries_has_a_limit(members, people, monkeypatch):
    monkeypatch.setattr("core.compiled_rows.MAX_SHAPES", 2)
    everybody = members.of(organization=people[0].organization_id).then(sorted_by, "id")

    assert [list(everybody[:number]) for number in (1, 2, 3)] == [people[:1], people[:2], people[:3]]
    assert len(members.queries) == 1
