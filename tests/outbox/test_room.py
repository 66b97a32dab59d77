"""Test that every table of deliveries has a handler, and that the outbox knows nothing about what it delivers."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import Model

from invitations.email.handlers import InvitationEmailHandler
from invitations.email.models import Email
from outbox import handlers
from outbox.email_transport import EmailTransport
from outbox.handlers import Queue, handler_of, register_queue, registered_queues
from outbox.models import Delivery, DeliveryAttempt


def concrete(base: type[Model]) -> Iterator[type[Model]]:
    """Yield the models of tables that inherit from this abstract model."""
    return (model for model in apps.get_models() if issubclass(model, base))


def test_each_table_of_deliveries_has_a_handler_and_its_attempts() -> None:
    queues = {queue.model for queue in registered_queues()}
    assert queues == {*concrete(Delivery)}
    assert Email in queues
    attempts = {getattr(model, "history").rel.related_model for model in queues}  # noqa: B009
    assert attempts == {*concrete(DeliveryAttempt)}


def test_the_constraints_of_each_table_have_its_name() -> None:
    for model in concrete(Delivery):
        names = {one.name for one in (*model._meta.constraints, *model._meta.indexes)}
        name = model.__name__.lower()
        assert {f"{name}_dates_fit_state", f"{name}_lease_while_sending", f"{name}_unsent"} <= names


class AnotherHandler(InvitationEmailHandler):
    """A second handler, which changes nothing."""


def test_a_table_has_one_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_queues", {})
    register_queue(Queue(Email, InvitationEmailHandler, EmailTransport))
    register_queue(Queue(Email, InvitationEmailHandler, EmailTransport))
    with pytest.raises(ValueError, match="Email already has a handler"):
        register_queue(Queue(Email, AnotherHandler, EmailTransport))


def test_a_delivery_without_a_handler_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_queues", {})
    with pytest.raises(LookupError):
        handler_of(Email())
