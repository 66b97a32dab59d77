"""The factory of events."""

from typing import Any

from factory import LazyAttribute, LazyFunction, SelfAttribute, SubFactory

from accounts.principals import Method
from core.ids import uuid7
from events.models import Event
from events.numbering import last_numbers
from tests.factories.base import ModelFactory
from tests.factories.orgs import OrganizationFactory


def next_number(event: Any) -> int | None:
    key = event.organization_id
    return last_numbers(Event, [key])[key] + 1 if key else None


class EventFactory(ModelFactory[Event]):
    """An event: a person with a session updated this `organization`. Events refer to objects only by id."""

    class Meta:
        model = Event

    class Params:
        organization = SubFactory(OrganizationFactory)

    kind = "organization.updated"
    organization_id = SelfAttribute("organization.pk")
    number = LazyAttribute(next_number)
    actor_id = LazyFunction(uuid7)
    actor_method = Method.SESSION
    subject_type = "organization"
    subject_id = SelfAttribute("organization.pk")
