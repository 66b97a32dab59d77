"""The factory of events."""

from factory import LazyFunction, SelfAttribute, SubFactory
from factory.django import DjangoModelFactory

from accounts.principals import Method
from core.ids import uuid7
from events.models import Event
from tests.factories.orgs import OrganizationFactory


class EventFactory(DjangoModelFactory[Event]):
    """An event: a person with a session updated this `organization`. Events refer to objects only by id."""

    class Meta:
        model = Event

    class Params:
        organization = SubFactory(OrganizationFactory)

    kind = "organization.updated"
    organization_id = SelfAttribute("organization.pk")
    actor_id = LazyFunction(uuid7)
    actor_method = Method.SESSION
    subject_type = "organization"
    subject_id = SelfAttribute("organization.pk")
