"""Test that a compiled query returns what its queryset returns, for each new value."""

import pytest
from django.db import connection, transaction
from django.db.models import BooleanField, CharField, DateTimeField, UUIDField
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.backends import USER_BY_ID
from accounts.models import User
from core.compiled import CompiledQuery
from orgs.models import Membership
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_it_is_compiled_once_and_gets_new_values():
    built = []

    def by_address(email):
        built.append(email)
        return User.objects.filter(email=email)

    query = CompiledQuery(by_address, email=CharField())
    first, second = UserFactory.create(), UserFactory.create()

    assert query.first(email=first.email) == first
    assert query.rows(email=second.email) == [second]
    assert query.first(email="nobody@example.com") is None
    assert len(built) == 1


def test_related_objects_annotations_and_named_rows_are_those_of_the_queryset():
    membership = MembershipFactory.create()
    members = CompiledQuery(
        lambda user: Membership.objects.filter(user=user).select_related("user", "organization").with_shown_email(),
        user=UUIDField(),
    )
    named = CompiledQuery(
        lambda user: Membership.objects.filter(user=user).values_list("pk", "permissions", "created_at", named=True),
        user=UUIDField(),
    )

    with CaptureQueriesContext(connection) as captured:
        found = members.first(user=membership.user_id)
        assert (found.user, found.organization) == (membership.user, membership.organization)
        assert found.shown_email == membership.user.email
    assert len(captured) == 1
    row = named.first(user=membership.user_id)
    assert (row.pk, row.permissions, row.created_at) == (membership.pk, [], membership.created_at)
    assert [row] == list(named.queryset(user=membership.user_id))


def test_the_fields_convert_the_values_and_constants_stay():
    user = UserFactory.create(is_active=False)
    query = CompiledQuery(
        lambda pk, is_active, until: User.objects.filter(
            pk=pk, is_active=is_active, created_at__lte=until, is_staff=False
        ),
        pk=UUIDField(),
        is_active=BooleanField(),
        until=DateTimeField(),
    )

    assert query.first(pk=str(user.pk), is_active=False, until=timezone.now()) == user
    assert query.first(pk=user.pk, is_active=True, until=timezone.now()) is None


def test_null_is_no_value():
    with pytest.raises(ValueError, match="None"):
        USER_BY_ID.first(pk=None)


def test_a_missing_value_is_an_error():
    with pytest.raises(KeyError):
        USER_BY_ID.first()


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_only_in_a_transaction():
    user = UserFactory.create()
    query = CompiledQuery(lambda pk: User.objects.filter(pk=pk).select_for_update(), pk=UUIDField())
    with transaction.atomic():
        assert query.first(pk=user.pk) == user

    with pytest.raises(TransactionManagementError):
        query.first(pk=user.pk)
