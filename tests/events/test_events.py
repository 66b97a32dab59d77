"""Events are recorded once and in order, and contain ids only."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import models

from accounts.models import User
from accounts.principals import SERVICE, Method, Principal
from core.ids import uuid7
from events.models import Event
from orgs.models import Organization
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db


def test_an_event_says_who_did_what_to_which_object_by_which_credential(owner: User, organization: Organization):
    key = uuid7()
    by = Principal(user=owner, method=Method.API_KEY, credential_id=key)
    row = Event.objects.record(
        "organization.updated", by=by, subject=organization, organization_id=organization.pk, changed=["name"]
    )
    row.refresh_from_db()
    assert {field.name: getattr(row, field.name) for field in Event._meta.fields} == {
        "id": row.id,
        "kind": "organization.updated",
        "organization_id": organization.pk,
        "number": 1,
        "actor_id": owner.pk,
        "actor_method": "api_key",
        "actor_credential_id": key,
        "request_id": "",
        "subject_type": "organization",
        "subject_id": organization.pk,
        "data": {"changed": ["name"]},
        "created_at": row.created_at,
    }
    assert row.id.version == 7


def test_the_service_has_no_actor(owner: User):
    row = Event.objects.record("user.deleted", by=SERVICE, subject=owner)
    assert (row.actor_id, row.actor_method, row.actor_credential_id) == (None, "service", None)


def test_ids_and_times_in_the_data_are_stored_as_text(owner: User):
    key = uuid7()
    row = Event.objects.record("user.tested", by=SERVICE, subject=owner, id=key, at=datetime(2026, 1, 2, tzinfo=UTC))
    row.refresh_from_db()
    assert row.data == {"id": str(key), "at": "2026-01-02T00:00:00Z"}


def test_events_of_a_block_are_written_in_one_statement_and_in_order(owner: User):
    with assert_queries(both="INSERT events_event"), Event.objects.together():
        Event.objects.record("user.tested", by=SERVICE, subject=owner, n=1)
        Event.objects.record("user.tested", by=SERVICE, subject=owner, n=2)
    Event.objects.record("user.tested", by=SERVICE, subject=owner, n=3)
    assert [row.data["n"] for row in Event.objects.about(owner)] == [1, 2, 3]


def test_a_block_that_fails_writes_no_event(owner: User):
    def fail() -> None:
        with Event.objects.together():
            Event.objects.record("user.tested", by=SERVICE, subject=owner, n=1)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    Event.objects.record("user.tested", by=SERVICE, subject=owner, n=2)
    assert [row.data["n"] for row in Event.objects.about(owner)] == [2]


def test_it_outlives_what_it_mentions(owner: User, organization: Organization):
    assert not [field for field in Event._meta.get_fields() if isinstance(field, models.ForeignKey)]
    Event.objects.record("user.tested", by=SERVICE, subject=owner)
    key = owner.pk
    organization.delete()
    owner.delete()
    assert Event.objects.get(kind="user.tested").subject_id == key


def test_an_organizations_log_and_an_objects_story_are_in_the_order_of_their_ids(
    owner: User, admin: User, organization: Organization, other_organization: Organization
):
    Event.objects.all().delete()
    kinds = ["user.one", "user.two", "user.three"]
    for kind in kinds:
        Event.objects.record(kind, by=SERVICE, subject=owner, organization_id=organization.pk)
    Event.objects.record("user.four", by=SERVICE, subject=admin, organization_id=other_organization.pk)
    assert [row.kind for row in Event.objects.of_organization(organization.pk)] == kinds
    assert [row.kind for row in Event.objects.about(owner)] == kinds
    assert [row.kind for row in Event.objects.of_organization(UUID(int=0))] == []


def test_the_same_id_of_another_kind_of_thing_is_another_story(owner: User):
    Event.objects.record("user.tested", by=SERVICE, subject=owner)
    namesake = Organization(pk=owner.pk)
    assert not Event.objects.about(namesake).exists()
    assert str(Event.objects.get()) == f"user.tested {owner.pk}"
