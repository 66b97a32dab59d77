"""Test that PostgreSQL reads each page of a list from an index, in order, without a sort and without a sequential scan.

Pages by number skip rows in the index alone, and totals count in an index alone.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from core.api.cursors import Position, rows_beyond
from core.api.filters import StrictFilterSet
from core.api.pagination import ids_of_page
from events.models import Event
from invitations.api.filters import SentInvitationFilter
from invitations.dialects import applivery, upsun
from invitations.email.queue import with_delivery
from invitations.models import Invitation
from orgs.api.filters import CollaboratorFilter, MemberFilter
from orgs.models import Membership, Organization, Unit
from orgs.permissions import UNIT_VIEWER_ROLE
from orgs.querysets import collaborators_in
from tests.support.query_plans import create_many_rows, generic_plan, indexes_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

SOME = uuid4()
STATES = ",".join(Invitation.Status.values)


def listed(filters: type[StrictFilterSet], rows: Any, **query: str) -> Any:
    """Return the rows as the API lists them."""
    return filters(query).filter_queryset(rows)


def sent(**query: str) -> Any:
    rows = Invitation.objects.filter(organization=SOME).with_details()
    return listed(SentInvitationFilter, with_delivery(rows), **query)


OPEN: dict[str, str] = {}
ENDED = ({"state": "declined"}, {"state": "expired"}, {"state": STATES})


def sent_lists(column: str, index: str, *states: dict[str, str]) -> dict[str, tuple[str, Callable[[], Any]]]:
    """Return the lists of sent invitations that are sorted by this column."""
    return {
        f"invitations {shown or 'open'}, {sort}": (index, partial(sent, sort=sort, **shown))
        for shown in states
        for sort in (f"{column}:asc", f"{column}:desc")
    }


def to_application(sort: str) -> Any:
    return listed(applivery.InvitationFilter, applivery.open_to_application(SOME, SOME), sort=sort)


# The lists, each with the index from which its pages are read.
LISTS: dict[str, tuple[str, Callable[[], Any]]] = {
    **sent_lists("createdAt", "invitation_by_creation", OPEN, *ENDED),
    **sent_lists("updatedAt", "invitation_by_update", OPEN, *ENDED),
    **sent_lists("expiresAt", "invitation_by_expiry", OPEN, *ENDED),
    **sent_lists("email", "invitation_by_email", OPEN, *ENDED),
    "sent by a person": ("invitation_by_inviter", partial(sent, invitedBy=str(SOME))),
    "sent by a person, in every state": ("invitation_by_inviter", partial(sent, invitedBy=str(SOME), state=STATES)),
    "with a role": ("invitation_with_role", partial(sent, role="viewer")),
    "with a role, in every state": ("invitation_with_role", partial(sent, role="viewer", state=STATES)),
    "with a role in a unit": ("invitation_with_unit_role", partial(sent, role=str(UNIT_VIEWER_ROLE))),
    "to a unit": ("invitation_to_unit", partial(sent, unit=str(SOME), state="declined")),
    "Applivery, by creation": ("invitation_to_unit", partial(to_application, "createdAt")),
    "Applivery, by update": ("invitation_to_unit_by_update", partial(to_application, "updatedAt:desc")),
    "Applivery, by address": ("invitation_to_unit_by_email", partial(to_application, "email:asc")),
    "acceptances that wait": (
        "invitation_by_update",
        lambda: Invitation.objects.filter(organization=SOME).waiting(),
    ),
    "Upsun, pending": (
        "invitation_by_update",
        lambda: listed(upsun.InvitationFilter, Invitation.objects.filter(organization=SOME).with_details()),
    ),
    "Wacht": (
        "invitation_by_creation",
        lambda: Invitation.objects.filter(organization=SOME).open().with_details().newest_first(),
    ),
    "members": (
        "membership_by_creation",
        lambda: listed(MemberFilter, Membership.objects.of_organization(SOME).with_people_and_roles()),
    ),
    "collaborators": ("assignment_in_unit", lambda: listed(CollaboratorFilter, collaborators_in(Unit(pk=SOME)))),
    "activity": ("event_of_organization", lambda: Event.objects.of_organization(SOME).order_by("-id")),
}


@pytest.fixture
def plan(organization: Organization, owner: User) -> Callable[[QuerySet[Any]], str]:
    """Return a function for the plan of a query. A sort in it cannot be avoided."""
    create_many_rows(organization, owner)
    return lambda rows: generic_plan(rows, "sort", "incremental_sort", "bitmapscan")


def page(rows: Any) -> Any:
    return ids_of_page(rows, 0, 21)


def beyond(rows: Any) -> Any:
    """Return the page after a cursor."""
    first = rows.query.order_by[0]
    column = first.removeprefix("-")
    value: Any = {"email": "invitee@example.com", "id": SOME}.get(column, timezone.now())
    return page(rows_beyond(rows, column, Position(value, SOME), descending=first.startswith("-")))


def beyond_name(rows: Any) -> Any:
    """Return the page after a cursor of a list that is sorted by a name."""
    first = rows.query.order_by[0]
    return page(rows_beyond(rows, first.removeprefix("-"), Position("M", SOME), descending=first.startswith("-")))


def jump(rows: Any) -> Any:
    return ids_of_page(rows, 400, 21)


def jump_from_the_end(rows: Any) -> Any:
    return ids_of_page(rows, 400, 21, 500)


@pytest.mark.parametrize(("name", "index"), [("firstName", "user_first_name"), ("lastName", "user_last_name")])
def test_members_by_name_are_read_from_an_index_of_people(organization: Organization, owner: User, name, index):
    """People with the same name are sorted by the id of the membership, so only these few are sorted."""
    create_many_rows(organization, owner)
    members = Membership.objects.of_organization(SOME).with_people_and_roles()
    for direction in ("asc", "desc"):
        rows = listed(MemberFilter, members, sort=f"{name}:{direction}")
        for way in (page, beyond_name):
            found = generic_plan(way(rows), "sort", "bitmapscan")
            assert index in indexes_in(found), found
            assert "Incremental Sort" in found
            assert way is page or f"Index Cond: (({index.removeprefix('user_')})" in found  # begins at the cursor
            assert "Seq Scan" not in found


def test_pages_are_read_from_an_index_in_order(plan: Callable[[QuerySet[Any]], str]):
    faults = {}
    for name, (index, rows) in LISTS.items():
        for way in (page, beyond, jump, jump_from_the_end):
            found = plan(way(rows()))
            if index not in indexes_in(found) or "Sort  (" in found or "Seq Scan" in found:
                faults[f"{name}, {way.__name__}"] = found
    assert faults == {}
