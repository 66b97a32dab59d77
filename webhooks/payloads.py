"""What a webhook says: ``type``, ``timestamp``, ``sequence`` and ``data``.

``data`` has the event and the object that the event is about, both as the house API represents them. The object is as
it is after the event or, if the event is about its deletion, as it was before. It is null if it named a person who was
erased. There is no token and no link. ``data`` is rendered in the transaction that writes the event, with a fixed
number of queries for all events of the transaction.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from rest_framework.serializers import Serializer
from rest_framework.utils.encoders import JSONEncoder

from core.api.serializers import format_time, representing_serializer
from events.models import Event
from invitations.api.representations import represent_sent
from invitations.compiled_lists import SENT_COLUMNS
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from orgs.api.serializers import (
    EventSerializer,
    MemberSerializer,
    OrganizationDetailsSerializer,
    RoleSerializer,
    UnitSerializer,
)
from orgs.models import Membership, Organization, Role, Unit
from webhooks.models import WebhookDelivery, WebhookMessage

VERSION = 1  # raise it if a field is renamed or removed, or changes its meaning
ROWS_AT_ONCE = 1000


class Shown(NamedTuple):
    """The representation of an object, and which person it names: the id of a user, and an address."""

    representation: dict[str, Any]
    user_id: UUID | None = None
    address: str | None = None


NOTHING = Shown({})
Shows = Callable[[Organization, Sequence[UUID]], Mapping[UUID, Shown]]


def invitations_shown(organization: Organization, ids: Sequence[UUID]) -> Mapping[UUID, Shown]:
    """Return invitations as the house API shows them to the organization."""
    rows = with_delivery(Invitation.objects.filter(pk__in=ids).with_details()).values_list(*SENT_COLUMNS, named=True)
    return {row.pk: Shown(represent_sent(organization, row), row.inviter_user_id, row.email) for row in rows}


def members_shown(organization: Organization, ids: Sequence[UUID]) -> Mapping[UUID, Shown]:
    """Return members as the house API shows them to people who manage members."""
    rows = Membership.objects.filter(pk__in=ids).with_people_and_roles().with_shown_email()
    represent = _representation(MemberSerializer)
    return {row.pk: Shown(represent(row), row.user_id, row.user.email) for row in rows}


def roles_shown(organization: Organization, ids: Sequence[UUID]) -> Mapping[UUID, Shown]:
    """Return roles."""
    represent = _representation(RoleSerializer)
    return {row.pk: Shown(represent(row)) for row in Role.objects.filter(pk__in=ids)}


def units_shown(organization: Organization, ids: Sequence[UUID]) -> Mapping[UUID, Shown]:
    """Return workspaces and applications."""
    represent = _representation(UnitSerializer)
    return {row.pk: Shown(represent(row)) for row in Unit.objects.filter(pk__in=ids)}


def organizations_shown(organization: Organization, ids: Sequence[UUID]) -> Mapping[UUID, Shown]:
    """Return the organization, without the role of a reader."""
    rows = Organization.objects.filter(pk__in=ids).with_member_count().select_related("default_role")
    represent = _representation(OrganizationDetailsSerializer)
    return {row.pk: Shown(represent(row)) for row in rows}


#: The name of the object in ``data``, and how it is shown, by the model that events name as their subject.
OBJECTS: dict[str, tuple[str, Shows]] = {
    "invitation": ("invitation", invitations_shown),
    "membership": ("member", members_shown),
    "role": ("role", roles_shown),
    "unit": ("unit", units_shown),
    "organization": ("organization", organizations_shown),
}


def messages_about(organization: Organization, events: Sequence[Event]) -> list[WebhookMessage]:
    """Return the messages about new events of one organization, not saved yet."""
    shown = _objects_of(organization, events)
    represent = _representation(EventSerializer)
    return [_message(organization, event, represent(event), shown.get(event.subject_id, NOTHING)) for event in events]


def body_of(delivery: WebhookDelivery, message: WebhookMessage) -> bytes:
    """Return the body of the request. It is the same in every attempt, unless a person was erased in between."""
    head = {"type": message.event_type, "timestamp": format_time(message.created_at), "sequence": delivery.sequence}
    return f'{_json(head)[:-1]},"data":{message.data}}}'.encode()


def _message(organization: Organization, event: Event, represented: dict[str, Any], shown: Shown) -> WebhookMessage:
    name, _ = OBJECTS[event.subject_type]
    data = {"version": VERSION, "organizationId": str(organization.pk), "event": represented}
    return WebhookMessage(
        id=event.pk,
        organization=organization,
        number=event.number,
        event_type=event.kind,
        data=_json(data | {name: shown.representation or None}),
        subject_id=event.subject_id,
        user_id=shown.user_id,
        address=shown.address,
        created_at=event.created_at,
    )


def _objects_of(organization: Organization, events: Iterable[Event]) -> dict[UUID, Shown]:
    """Return what the events are about, by id. Objects that no longer exist are missing."""
    ids: dict[str, dict[UUID, None]] = {}
    for event in events:
        ids.setdefault(event.subject_type, {})[event.subject_id] = None
    found: dict[UUID, Shown] = {}
    for kind, wanted in ids.items():
        keys, (_, show) = list(wanted), OBJECTS[kind]
        for start in range(0, len(keys), ROWS_AT_ONCE):
            found |= show(organization, keys[start : start + ROWS_AT_ONCE])
    return found


def _representation(serializer: type[Serializer]) -> Callable[[Any], dict[str, Any]]:
    represent: Callable[[Any], dict[str, Any]] = representing_serializer(serializer).to_representation
    return represent


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))
