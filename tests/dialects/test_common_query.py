"""Test filters, sorting and cursors of all lists. Values that only resemble a valid value are rejected."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from invitations.models import Invitation
from orgs.models import Organization, Unit
from orgs.permissions import UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE
from tests.dialects.speakers import (
    RIVERSIDE,
    SHOP,
    SPEAKERS,
    Response,
    Speaker,
    said,
    sent_for_the_application,
)
from tests.dialects.world import World, moment
from tests.factories import RoleFactory

QUERY = "Some query parameters are not valid."
BY_NAME = {speaker.name: speaker for speaker in SPEAKERS}
HOUSE, RECEIVED, UPSUN, APPLIVERY = (BY_NAME[name] for name in ("house, sent", "house, received", "upsun", "applivery"))


def one_of(*words: str) -> str:
    return f"One of these is expected: {', '.join(words)}."


def sorts(*names: str, bare: bool = False) -> str:
    return one_of(*(name + way for name in names for way in ("", ":asc", ":desc")[not bare :]))


STATES = ("pending", "error")
UPSUN_STATES = f"Some of these are expected, separated by commas: {', '.join(STATES)}."
APPLIVERY_SORTS = sorts("createdAt", "updatedAt", "email", "role", bare=True)
FORM = "This does not have the expected form."
LENGTH = "Between 1 and 256 characters are expected."

# Almost valid values and their error messages.
NEARLY = {
    (HOUSE, "sort", sorts("createdAt", "updatedAt", "expiresAt", "email")): [
        "createdAt:desc\n",
        "createdAt",
        "created_at:desc",
        "cre\uff41tedAt:desc",
        "organization__name:asc",
    ],
    (RECEIVED, "sort", sorts("createdAt", "expiresAt", "name")): ["name:asc\n", "name:ASC", "expiresAt", ""],
    (UPSUN, "sort", one_of("updated_at", "-updated_at")): [
        "updated_at\n",
        "--updated_at",
        "+updated_at",
        "–updated_at",
        "created_at",
        "updated_at,-updated_at",
    ],
    (UPSUN, "filter[state]", one_of(*STATES)): [
        "pending\n",
        "PENDING",
        "accepted",
        "pending,error",
        "",
        "\uff50ending",
    ],
    (UPSUN, "filter[state][eq]", one_of(*STATES)): ["error ", "pending,error"],
    (UPSUN, "filter[state][in]", UPSUN_STATES): ["pending,", "pending,pending", "pending, error", "pending,error\n"],
    (APPLIVERY, "sort", FORM): ["createdAt:desc\n", "createdAt:DESC", "createdAt:", "\uff45mail:asc", "emaıl", "a b"],
    (APPLIVERY, "sort", APPLIVERY_SORTS): [":asc", "", "name", "created_at", "unit.name:asc", "EMAIL"],
    (APPLIVERY, "email", LENGTH): ["", "v" * 245 + "@example.com"],
    (APPLIVERY, "email", FORM): [
        "viewer@example.com\n",
        " viewer@example.com",
        "viewer@example.com\u200b",
        "vıewer@example.com",
        "viewer@\uff45xample.com",
        "viewer@example.c",
        "viewer@example.c0m",
        "viewer@-example.com",
        "viewer@example..com",
        "viewer.@example.com",
        "view..er@example.com",
        ".viewer@example.com",
        "viewer",
        "%",
    ],
}


@pytest.mark.parametrize(
    ("speaker", "name", "message", "texts"),
    [pytest.param(*one, texts, id=f"{one[0].name} {one[1]} {one[2]:.20}") for one, texts in NEARLY.items()],
)
def test_almost_valid_values_are_refused_with_the_name_of_the_parameter(
    world: World, speaker: Speaker, name: str, message: str, texts: list[str]
):
    refused = speaker.refusal(400, "invalid_query", QUERY, **{name: message})

    answers = {text: said(speaker.ask(world, f"{name}={quote(text)}")) for text in texts}

    assert answers == dict.fromkeys(texts, refused)


def test_the_address_filter_ignores_case(world: World):
    for text in ("viewer@example.com", "VIEWER@example.com", "viewer@EXAMPLE.COM"):
        _, body = said(APPLIVERY.ask(world, f"email={text}"))
        assert [row["email"] for row in APPLIVERY.rows(body)] == ["viewer@example.com"]


@pytest.mark.parametrize("sort", ["role", "role:desc", "email:asc", "createdAt:desc"])
def test_pages_by_number_have_every_row_once_in_the_order_of_the_sort(world: World, sort: str):
    custom = RoleFactory.create(organization=world.organization, name="Guide", level="unit")
    for number, role in enumerate((custom.pk, UNIT_VIEWER_ROLE, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE)):
        sent_for_the_application(world, number)
        Invitation.objects.filter(email=f"guest-{number}@example.com").update(unit_role=role)
    _, body = said(APPLIVERY.ask(world, f"sort={sort}&limit=100"))
    everything = APPLIVERY.rows(body)
    key = sort.partition(":")[0]

    assert len(everything) == body["data"]["totalDocs"] >= 4
    assert {"editor", "unassigned", "viewer"} <= {row["role"] for row in everything}
    assert everything == sorted(everything, key=lambda row: (row[key], row["id"]), reverse=sort.endswith("desc"))
    pages = [said(APPLIVERY.ask(world, f"sort={sort}&limit=2&page={page}"))[1]["data"] for page in (1, 2, 3, 4, 5, 6)]
    assert [row for page in pages for row in page["items"]] == everything
    assert {page["totalDocs"] for page in pages} == {len(everything)}


KELVIN = "\u212a"  # the Kelvin sign: its lower case is an ASCII k
NO_SLUGS = ["desk\n", " desk", f"des{KELVIN}", "\u0501esk", "deſk", "\uff44esk", "desk\u200b", "desk.", "de_sk", "de"]


@pytest.mark.parametrize("place", ["organizations/desk/apps/{}", "organizations/{}/apps/desk"])
def test_the_slug_ignores_case_but_must_match_otherwise(world: World, place: str):
    for model, key in ((Organization, RIVERSIDE), (Unit, SHOP)):
        model.objects.filter(pk=key).update(slug="desk")
    path = f"/applivery/v1/{place}/collaborators/invitations"

    for slug in NO_SLUGS:
        answer = said(APPLIVERY.ask(world, path=path.format(quote(slug, safe=""))))
        assert answer == APPLIVERY.refusal(404, "not_found", "Entity not found"), slug
    for slug in ("desk", "DESK", "Desk"):
        assert said(APPLIVERY.ask(world, path=path.format(slug))) == said(APPLIVERY.ask(world))


# Cursors. The golden files also test altered cursors, and cursors from a list with another filter, sort order or
# organization.


def linked(response: Response) -> dict[str, str]:
    """Return the query strings of the page links in a response."""
    links = re.findall(r'<([^>]+)>; rel="(\w+)"', response["Link"])
    return {name: urlsplit(address).query for address, name in links}


def walk(world: World, query: str, way: str) -> list[str]:
    """Follow the page links in one direction. Return the ids on all pages."""
    response = UPSUN.ask(world, query)
    found = [row["id"] for row in response.json()]
    onward = linked(response).get(way)
    rest = walk(world, onward, way) if onward else []
    return found + rest if way == "next" else rest + found


@pytest.mark.parametrize("sort", ["updated_at", "-updated_at"])
def test_the_page_links_visit_every_row_once_in_both_directions(world: World, sort: str):
    Invitation.objects.update(updated_at=moment(9))
    everything = [row["id"] for row in UPSUN.ask(world, f"sort={sort}").json()]
    assert len(everything) == 6

    for size in (1, 2, 4, 6, 7):
        last = query = f"sort={sort}&page[size]={size}"
        while onward := linked(UPSUN.ask(world, last)).get("next"):
            last = onward
        assert walk(world, query, "next") == everything
        assert walk(world, last, "prev") == everything


def test_every_character_of_a_cursor_counts(world: World):
    onward = dict(parse_qsl(linked(UPSUN.ask(world, "page[size]=1"))["next"]))
    cursor = onward.pop("page[after]")
    assert UPSUN.ask(world, urlencode(onward | {"page[after]": cursor})).status_code == 200

    foreign = UPSUN.refusal(400, "invalid_query", QUERY, **{"page[after]": "This cursor does not belong to this list."})
    altered = [
        cursor[:place] + ("a" if character != "a" else "b") + cursor[place + 1 :]
        for place, character in enumerate(cursor)
    ]
    for text in (*altered, cursor[:-1], cursor + "a", cursor + "\n", f" {cursor}", cursor.upper()):
        assert said(UPSUN.ask(world, urlencode(onward | {"page[after]": text}))) == foreign


def test_a_cursor_is_only_valid_for_its_list(world: World):
    members = "/api/v0/organization-members"
    of_members = dict(parse_qsl(linked(HOUSE.ask(world, "limit=1", path=members))["next"]))["after"]
    of_invitations = dict(parse_qsl(linked(UPSUN.ask(world, "page[size]=1"))["next"]))["page[after]"]

    fault = "This cursor does not belong to this list."
    assert HOUSE.ask(world, f"limit=1&after={quote(of_members)}", path=members).status_code == 200
    assert said(HOUSE.ask(world, f"after={quote(of_invitations)}", path=members)) == HOUSE.refusal(
        400, "invalid_query", QUERY, after=fault
    )
    assert said(UPSUN.ask(world, f"page[after]={quote(of_members)}")) == UPSUN.refusal(
        400, "invalid_query", QUERY, **{"page[after]": fault}
    )
