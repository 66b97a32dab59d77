"""Test rows that are made without the constructor of their model."""

from datetime import timedelta

import pytest

from core.new_rows import new_row
from events.models import Event
from invitations.email.address_hashes import SendingCounter
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.permissions import EDITOR_ROLE

OWN = {"id", "created_at", "updated_at", "due_at", "counted_at"}


@pytest.mark.parametrize("model", [Invitation, Email, Event, SendingCounter])
def test_a_row_has_the_columns_that_the_constructor_gives_it(model):
    made, constructed = new_row(model), model()

    names = [field.attname for field in model._meta.concrete_fields if field.attname not in OWN]
    assert [getattr(made, name) for name in names] == [getattr(constructed, name) for name in names]
    assert (made._state.adding, made._state.db) == (True, None)


def test_given_columns_are_set_and_defaults_are_not_shared():
    first, second = new_row(Invitation, role_id=EDITOR_ROLE, email="a@example.com"), new_row(Invitation)

    first.metadata["a"] = 1
    assert (first.role_id, first.email) == (EDITOR_ROLE, "a@example.com")
    assert (second.role_id, second.metadata) == (None, {})
    assert first.pk != second.pk


def test_a_row_can_be_saved_and_relations_are_loaded(organization):
    row = new_row(Invitation, organization_id=organization.pk, email="a@example.com", role_id=EDITOR_ROLE)
    row.expires_at = row.created_at + timedelta(days=1)
    row.save()

    assert (row.organization, row.role_id, row.inviter) == (organization, EDITOR_ROLE, None)
    assert Invitation.objects.get() == row


def test_what_is_no_column_is_refused():
    with pytest.raises(TypeError, match="Invitation has no columns role, state"):
        new_row(Invitation, role=None, state="pending")
