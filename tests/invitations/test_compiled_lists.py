"""Test that each shape of a compiled list returns the rows of its queryset."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from core.api.cursors import beyond, field_at, in_order
from core.api.filters import StrictFilterSet
from core.compiled_rows import ShapedRows
from invitations.api.filters import ReceivedInvitationFilter, SentInvitationFilter
from invitations.compiled_lists import received_invitations, sent_invitations
from invitations.models import Invitation
from orgs.access import find_organization
from orgs.permissions import UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import EmailFactory, InvitationFactory, OrganizationFactory, UnitFactory
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

SORTS = [f"{name}:{way}" for name in ("createdAt", "updatedAt", "expiresAt", "email") for way in ("asc", "desc")]


@pytest.fixture
def invitations(organization, owner, invitee):
    """Invitations in several states, with and without a unit and an email, also of another organization."""
    unit = UnitFactory.create(organization=organization)
    month = timedelta(days=30)
    rows = [
        InvitationFactory.create(organization=organization, inviter=owner, email=invitee.email),
        InvitationFactory.create(organization=organization, unit=unit, unit_role_id=UNIT_VIEWER_ROLE),
        InvitationFactory.create(organization=organization, expires_at=timezone.now() - month),
        InvitationFactory.create(organization=organization, status="cancelled", finished_at=timezone.now()),
        InvitationFactory.create(organization=OrganizationFactory.create(), email=invitee.email),
    ]
    for row in rows[:3]:
        EmailFactory.create(invitation=row)
    return rows


@pytest.fixture
def sent(organization, owner) -> Any:
    """The invitations of the organization, compiled."""
    return sent_invitations(session_of(owner), find_organization(session_of(owner), organization.pk))


def shown(row):
    """Return what lists show of a row."""
    related = [row.role.name, row.unit and row.unit.name, row.unit_role and row.unit_role.name, row.organization.slug]
    email = row.newest_email
    return [row.pk, row.email, row.state, row.ended_at, *related, email and (email.state, email.updated_at)]


def filtered(filters: type[StrictFilterSet], data: dict[str, str], rows: Any) -> Any:
    found = filters(data)
    assert found.is_valid(), found.faults
    return found.filter_compiled(rows)


@pytest.mark.parametrize("sort", SORTS)
def test_the_invitations_of_an_organization(sort, sent, owner, invitations):
    choices = [
        *({"state": state} for state in ("pending", "cancelled")),
        *({"role": role} for role in (str(VIEWER_ROLE), str(invitations[0].role_id))),
        *({"email": invitations[0].email}, {"unit": str(invitations[1].unit_id)}, {"invitedBy": str(owner.pk)}),
    ]
    everything = {"state": "pending", "invitedBy": str(owner.pk), "email": invitations[0].email}
    seen = set()
    for data in [{}, *choices, everything]:
        narrowed = filtered(SentInvitationFilter, {**data, "sort": sort}, sent)
        found = list(narrowed[:3])

        assert [shown(row) for row in found] == [shown(row) for row in narrowed.queryset()[:3]]
        assert narrowed.count() == narrowed.queryset().count()
        seen |= {row.pk for row in found}
    assert seen == {row.pk for row in (*invitations[:2], invitations[3])}


@pytest.mark.parametrize("delivery", ["queued", "sent"])
def test_a_delivery_state_of_one_state(delivery, sent, invitations):
    narrowed = filtered(SentInvitationFilter, {"delivery": delivery, "state": "pending"}, sent)

    assert list(narrowed) == list(narrowed.queryset())


def test_several_states_are_merged_and_not_compiled(sent, invitations):
    for data in ({"state": "pending,expired"}, {"state": "expired"}, {"delivery": "sent"}):
        assert not isinstance(filtered(SentInvitationFilter, data, sent), ShapedRows)


@pytest.mark.parametrize(
    "sort", [f"{name}:{way}" for name in ("invitedAt", "expiresAt", "name") for way in ("asc", "desc")]
)
def test_the_invitations_to_a_person(sort, invitee, invitations):
    narrowed = filtered(ReceivedInvitationFilter, {"sort": sort}, received_invitations(session_of(invitee)))

    assert {row.pk for row in narrowed} == {invitations[0].pk, invitations[4].pk}
    assert [(row.pk, row.member_count, row.is_overdue) for row in narrowed] == [
        (row.pk, row.member_count, row.is_overdue) for row in narrowed.queryset()
    ]


@pytest.mark.parametrize(("column", "descending"), list(product(("created_at", "email", "id"), (True, False))))
def test_the_rows_beyond_a_position(column, descending, sent, invitations):
    columns = tuple(dict.fromkeys((column, "id")))
    second = sent.then(in_order, columns, descending).queryset()[1]
    place = {f"position_{name}": (field_at(Invitation, name), getattr(second, name)) for name in columns}
    narrowed = sent.then(in_order, columns, descending).then(beyond, columns, descending, **place)

    assert len(list(narrowed)) == 2
    assert list(narrowed) == list(narrowed.queryset())
