"""Test that the rows of a list are represented as the serializers represent objects, in every state.

The documents are made from the serializers, and responses with one object too.
"""

import json
from typing import Any

import pytest
from rest_framework.utils.encoders import JSONEncoder

from accounts.models import User
from core.compiled_rows import in_columns
from core.ids import uuid7
from invitations import compiled_lists
from invitations.api.representations import represent_received, represent_sent
from invitations.api.serializers import InvitationSerializer, ReceivedInvitationSerializer
from invitations.dialects import applivery, upsun, wacht, zenml
from invitations.email.models import Email
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from invitations.querysets import with_roles_as_json
from orgs.models import Organization, Unit
from orgs.permissions import ADMIN, EDITOR_ROLE, LIST_PROJECTS, MANAGE_MEMBERS
from tests.factories import EmailFactory, InvitationFactory, RoleFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db

ENDINGS = ("waiting", "accepted", "declined", "cancelled", "expired", "overdue", "undeliverable", "superseded")


@pytest.fixture
def units(organization: Organization) -> list[Unit]:
    return [
        UnitFactory.create(organization=organization, kind="workspace"),
        UnitFactory.create(organization=organization, kind="application", picture_url="https://example.com/a.png"),
        UnitFactory.create(organization=organization, kind="application", picture_url=""),
    ]


@pytest.fixture
def invitations(organization: Organization, owner: User, units: list[Unit]) -> list[Invitation]:
    """Invitations in each state, with each kind of grant, inviter, text and email."""

    def invite(**values: Any) -> Invitation:
        return InvitationFactory.create(**{"organization": organization, "inviter": owner, **values})

    custom = RoleFactory.create(organization=organization, permissions=[MANAGE_MEMBERS])
    unit_role = RoleFactory.create(organization=organization, level="unit")
    deleted = {"inviter": None, "inviter_user_id": uuid7()}
    return [
        *(invite(**{ending: True}) for ending in ENDINGS),
        *(EmailFactory.create(invitation=invite(), state=state).invitation for state in Email.State.values),
        EmailFactory.create(invitation=invite(), withheld=True).invitation,
        EmailFactory.create(invitation=invite(), attempts=2, response="451 Later", reason="no_server").invitation,
        EmailFactory.create(invitation=invite(), sent=True, attempts=1, response="250 OK").invitation,
        invite(role_id=EDITOR_ROLE, permissions=[MANAGE_MEMBERS, LIST_PROJECTS], language="de", generation=3),
        invite(role=custom, permissions=[ADMIN]),
        invite(invitee_name="Grace", message="Hello,\nsee you soon.", metadata={"crm": {"id": 7}, "tags": []}),
        invite(cancelled=True, role_id=None, given=[]),
        invite(accepted=True, given=["role"], decline_reason=""),
        invite(declined=True, decline_reason="No, thanks.\nSorry."),
        *(invite(unit=unit) for unit in units),
        invite(unit=units[0], unit_role=unit_role),
        invite(unit=units[1], unit_role=unit_role),
        invite(**deleted, inviter_name="A former owner"),
        invite(**deleted, inviter_name=""),
        invite(inviter_name=""),
        invite(inviter=None),
        invite(inviter=None, unit=units[1]),
        invite(inviter=UserFactory.create(system=True, first_name=""), inviter_name="System user"),
        invite(inviter=UserFactory.create(first_name="", last_name="", avatar_url="https://example.com/me.png")),
        invite(inviter=UserFactory.create(first_name="Ada", last_name="Lovelace")),
    ]


def in_json(values: Any) -> Any:
    return json.loads(json.dumps(values, cls=JSONEncoder))


def objects() -> list[Invitation]:
    return list(Invitation.objects.with_details().with_member_count().order_by("pk"))


def rows(columns: tuple[str, ...]) -> list[Any]:
    """Return all rows with these columns, as the pages of a list return them."""
    found = with_delivery(Invitation.objects.with_details().with_member_count())
    return list(in_columns(with_roles_as_json(found).showing(*columns).order_by("pk")))


def serialized(serializer: Any, found: list[Invitation]) -> Any:
    return in_json(serializer(found, many=True).data)


def test_sent_invitations(organization: Organization, invitations: list[Invitation]):
    found = [represent_sent(organization, row) for row in rows(compiled_lists.SENT_COLUMNS)]

    assert in_json(found) == serialized(InvitationSerializer, objects())
    assert {one["state"] for one in found} == set(Invitation.Status.values)
    delivered = {one["delivery"] and one["delivery"]["state"] for one in found}
    assert delivered == {None, *Email.State.values}


def test_the_language_of_the_organization(organization: Organization, invitations: list[Invitation]):
    organization.language = "de"
    organization.save()
    found = [represent_sent(organization, row) for row in rows(compiled_lists.SENT_COLUMNS)]

    assert in_json(found) == serialized(InvitationSerializer, objects())


def test_received_invitations(invitations: list[Invitation]):
    with_role = [row for row in rows(compiled_lists.RECEIVED_COLUMNS) if row.role__name]

    expected = serialized(ReceivedInvitationSerializer, [one for one in objects() if one.role])
    assert in_json([represent_received(row) for row in with_role]) == expected


def test_upsun(organization: Organization, invitations: list[Invitation]):
    found = [upsun.representation(organization, row) for row in rows(compiled_lists.SENT_WITH_INVITER_COLUMNS)]

    assert in_json(found) == serialized(upsun.InvitationSerializer, objects())


def test_zenml(invitations: list[Invitation]):
    found = zenml.representation(rows(compiled_lists.RECEIVED_WITH_INVITER_COLUMNS))

    assert in_json(found) == serialized(zenml.InvitationSerializer, objects())


def test_applivery(units: list[Unit], invitations: list[Invitation]):
    for unit in units[1:]:
        to_unit = Invitation.objects.filter(unit=unit).order_by("pk")
        target = applivery.target_of(unit)
        found = [applivery.representation(target, row) for row in in_columns(to_unit.showing(*applivery.COLUMNS))]

        assert found
        assert in_json(found) == serialized(applivery.InvitationSerializer, list(to_unit))


def test_wacht(organization: Organization, owner: User, invitations: list[Invitation]):
    found = wacht.list_representation(
        [row for row in rows(compiled_lists.OPEN_WITH_ROLES_COLUMNS) if row.role_columns["id"]]
    )

    assert in_json(found) == in_json(wacht.representation([one for one in objects() if one.role]))
    assert {len(one["inviter_roles"]) for one in found} == {0, 1}
