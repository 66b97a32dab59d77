"""Test that every model has a factory, and that factories create valid rows."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone
from factory import Trait
from factory.django import DjangoModelFactory

from orgs.actions.api_keys import authenticate
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE
from tests import factories
from tests.factories import (
    ApiKeyFactory,
    EmailAddressFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    RoleFactory,
    UnitFactory,
    UserFactory,
)
from tests.support.packages import APPS

pytestmark = pytest.mark.django_db

ALL: list[type[DjangoModelFactory[Any]]] = [getattr(factories, name) for name in factories.__all__]


def traits_of(factory: type[DjangoModelFactory[Any]]) -> list[str]:
    return [name for name, parameter in factory._meta.parameters.items() if isinstance(parameter, Trait)]


WITH_TRAITS = [(factory, trait) for factory in ALL for trait in traits_of(factory)]


def require_valid(row: Any) -> None:
    """Validate the fields and constraints of the row. Unlike in forms, blank values are allowed."""
    empty = {field.name for field in row._meta.fields if getattr(row, field.attname) in field.empty_values}
    row.full_clean(exclude=empty)
    connection.check_constraints()


def test_every_model_has_a_factory():
    ours = {model for name in APPS for model in apps.get_app_config(name).get_models()}
    assert ours <= {factory._meta.model for factory in ALL}


@pytest.mark.parametrize("factory", ALL)
def test_every_factory_makes_valid_rows(factory: type[DjangoModelFactory[Any]]):
    for row in factory.create_batch(2):
        require_valid(row)


@pytest.mark.parametrize(("factory", "trait"), WITH_TRAITS)
def test_every_trait_makes_valid_rows(factory: type[DjangoModelFactory[Any]], trait: str):
    require_valid(factory.create(**{trait: True}))


def test_a_person_has_a_verified_address_and_perhaps_a_password():
    person, unverified = UserFactory.create(password="open sesame"), UserFactory.create(unverified=True)
    assert person.verified_addresses() == {person.email}
    assert person.check_password("open sesame")
    assert not unverified.email_is_verified
    assert not unverified.has_usable_password()


def test_an_address_without_a_row():
    assert not UserFactory.create(email_address=None).verified_addresses()


def test_a_further_address_of_a_person():
    person = UserFactory.create()
    EmailAddressFactory.create(user=person, email="second@example.com")
    EmailAddressFactory.create(user=person, email="third@example.com", verified=False)
    assert person.verified_addresses() == {person.email, "second@example.com"}


def test_an_organization_of_its_owners():
    owners = UserFactory.create_batch(2)
    organization = OrganizationFactory.create(owners=owners)
    assert [one.user for one in organization.memberships.order_by("id")] == owners
    assert {one.organization_role.name for one in organization.memberships.all()} == {"owner"}


def test_the_roles_of_a_member(organization: Organization):
    unit = UnitFactory.create(organization=organization)
    plain = MembershipFactory.create(organization=organization)
    member = MembershipFactory.create(
        organization=organization, role_id=ADMIN_ROLE, unit_roles={unit: UNIT_EDITOR_ROLE}, permissions=["b", "a"]
    )
    assert plain.organization_role.pk == VIEWER_ROLE
    assert member.organization_role.pk == ADMIN_ROLE
    assert member.assignment_in(unit.pk).role_id == UNIT_EDITOR_ROLE
    assert member.permissions == ["a", "b"]


def test_a_key_opens_with_its_secret():
    key = ApiKeyFactory.create(secret="pw_open-sesame")
    principal = authenticate("pw_open-sesame")
    assert principal is not None
    assert principal.credential_id == key.pk


def test_whom_an_invitation_is_for():
    person, role = UserFactory.create(), RoleFactory.create()
    waiting = InvitationFactory.create(organization=role.organization, invitee=person, role=role, waiting=True)
    assert (waiting.email, waiting.answered_by, waiting.role_id) == (person.email, person, role.pk)
    orphan = InvitationFactory.create(inviter=None)
    assert (orphan.inviter, orphan.inviter_user_id, orphan.inviter_name) == (None, None, "")


def test_when_an_invitation_ends():
    overdue, expired = InvitationFactory.create(overdue=True), InvitationFactory.create(expired=True)
    assert (overdue.status, overdue.finished_at) == ("pending", None)
    assert overdue.expires_at < timezone.now()
    assert expired.expires_at == expired.finished_at
