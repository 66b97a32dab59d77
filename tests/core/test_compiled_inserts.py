"""Test that a compiled INSERT writes the rows that Django writes, for each new value."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Length
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from core.compiled_inserts import MAX_COMPILED, compiled_insert, insert
from events.models import Event
from invitations.email.address_hashes import SendingCounter
from invitations.email.models import Email
from tests.factories import EmailFactory, InvitationFactory, UserFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def columns_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def event(**values):
    user = UserFactory.create()
    return Event(kind="user.created", actor_method="staff", subject_type="user", subject_id=user.pk, **values)


def test_the_row_is_the_one_that_save_writes():
    one = event(data={"list": [1, None], "at": NOON}, actor_id=None)
    insert(one)
    copied = Event(**columns_of(one) | {"id": event().id})
    copied.save(force_insert=True)

    assert columns_of(Event.objects.get(pk=one.pk)) | {"id": copied.pk} == columns_of(Event.objects.get(pk=copied.pk))
    assert not one._state.adding


def test_rows_of_the_same_model_share_the_statement_and_not_their_values():
    first, second, third, last = (event(data={"number": number}) for number in range(4))
    compiled_insert.cache_clear()
    with CaptureQueriesContext(connection) as captured:
        insert(first)
        insert(second)
        insert(third, last)

    assert len(captured) == 3
    assert [Event.objects.get(pk=one.pk).data for one in (first, second, third)] == [{"number": n} for n in range(3)]
    assert compiled_insert.cache_info().misses == 2


def test_what_the_database_fills_in_is_set_on_the_object():
    invitation = InvitationFactory.create()
    queued = Email(invitation=invitation, recipient=invitation.email, generation=1, message_id="<1@example.com>")
    insert(queued)

    stored = Email.objects.get(pk=queued.pk)
    assert columns_of(queued) == columns_of(stored)
    assert stored.due_at is not None
    dropped = EmailFactory.build(
        invitation=invitation, recipient=invitation.email, generation=2, state="dropped", due_at=None
    )
    insert(dropped)
    assert Email.objects.get(pk=dropped.pk).due_at is None
    assert model_to_dict(dropped) == model_to_dict(Email.objects.get(pk=dropped.pk))


def test_an_expression_of_another_column_is_evaluated_for_each_row():
    lengths = [Length(F("kind")), Length(F("kind")) + Value(1)]
    short, long = event(number=lengths[0]), event(number=lengths[1])
    short.kind, long.kind = "user.one", "user.longer"
    short.organization_id = long.organization_id = short.pk
    insert(short, long)

    assert [short.number, long.number] == [8, 12]
    assert list(Event.objects.order_by("number").values_list("kind", "number")) == [
        ("user.one", 8),
        ("user.longer", 12),
    ]


def test_a_row_that_exists_is_updated():
    insert(SendingCounter(key="a" * 64, moments=[1.0]), unique=["key"], update=["moments"])
    insert(
        SendingCounter(key="a" * 64, moments=[2.0]), SendingCounter(key="b" * 64), unique=["key"], update=["moments"]
    )

    assert dict(SendingCounter.objects.values_list("key", "moments")) == {"a" * 64: [2.0], "b" * 64: []}


def test_many_rows_are_inserted_too():
    events = [event(data={"number": number}) for number in range(MAX_COMPILED + 1)]
    insert(*events)
    insert()

    assert set(Event.objects.filter(pk__in=[one.pk for one in events])) == set(events)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_violates_a_constraint_ends_the_transaction():
    one = event()
    insert(one)
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            insert(one)
        assert connection.needs_rollback
        transaction.set_rollback(True)
