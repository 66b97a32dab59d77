"""Test the lists of invitations in all five APIs: access, paging, and the number of queries."""

import re
from operator import attrgetter
from urllib.parse import unquote
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perfectworks.urls import DIALECTS
from tests.dialects.exchanges import exchanges, tokens_in
from tests.dialects.speakers import HILLSIDE, NOWHERE, RIVERSIDE, SPEAKERS, Speaker, said
from tests.dialects.world import World, no_invitation
from tests.support.queries import assert_queries, query_summaries

CAST = ["anonymous", "stranger", "invitee", "member", "manager", "admin", "owner"]
ANONYMOUS = (401, "unauthenticated", "Authentication is required.")
MISSING = (403, "permission_missing", "You lack the permission for this.")
ABSENT = (404, "organization_not_found", "There is no such organization.")
REFUSALS = {refusal[0]: refusal for refusal in (ANONYMOUS, MISSING, ABSENT)}

NAME = attrgetter("name")
every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=NAME)
every_page_parameter = pytest.mark.parametrize(
    ("speaker", "name"), [pytest.param(one, name, id=f"{one.name} {name}") for one in SPEAKERS for name in one.pages]
)


def test_every_dialect_is_tested():
    assert {speaker.path.split("/")[1] for speaker in SPEAKERS} == {"api", *DIALECTS}


# Access


@every_speaker
@pytest.mark.parametrize("who", CAST)
def test_every_caller_gets_rows_or_an_error_in_the_dialects_format(world: World, speaker: Speaker, who: str):
    answer = dict(zip(CAST, map(int, speaker.answers.split()), strict=True))[who]

    response = speaker.ask(world, who=who)

    if answer in REFUSALS:
        assert said(response) == speaker.refusal(*REFUSALS[answer])
    else:
        assert (response.status_code, len(speaker.rows(response.json()))) == (200, answer)
    assert ("WWW-Authenticate" in response) == (answer == 401)


@pytest.mark.parametrize("speaker", [one for one in SPEAKERS if one.list() != one.list(NOWHERE)], ids=NAME)
@pytest.mark.parametrize(("who", "foreign"), [("stranger", RIVERSIDE), ("member", HILLSIDE), ("owner", HILLSIDE)])
def test_foreign_and_unknown_organizations_get_the_same_response(
    world: World, speaker: Speaker, who: str, foreign: UUID
):
    answers = []
    speaker.ask(world, who=who)  # warm up: the first use of a token runs extra queries to record the use
    for organization in (foreign, NOWHERE):
        with CaptureQueriesContext(connection) as captured:
            response = speaker.ask(world, who=who, path=speaker.list(organization))
        answers.append((said(response), query_summaries(captured)))

    assert answers[0] == answers[1]
    assert answers[0][0] in (speaker.refusal(*MISSING), speaker.refusal(*ABSENT))


# Rows


@every_speaker
def test_an_empty_list(world: World, speaker: Speaker):
    with no_invitation(world):
        assert said(speaker.ask(world)) == (200, speaker.empty)


@every_speaker
@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_depend_on_the_rows(world: World, speaker: Speaker, count: int):
    speaker.hold(world, count)

    with assert_queries(**speaker.queries):
        response = speaker.ask(world, speaker.everything)

    assert (response.status_code, len(speaker.rows(response.json()))) == (200, count)


@every_speaker
def test_no_list_has_a_token_that_its_document_lacks(world: World, speaker: Speaker):
    assert tokens_in(speaker.ask(world, speaker.everything).content.decode()) == speaker.tokens


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda exchange: f"{exchange.dialect}/{exchange.path.stem}")
def test_no_response_contains_a_token_except_those_listed_for_wacht(exchange):
    """In golden files, each token is replaced with a placeholder that names the token's purpose."""
    assert set(re.findall(r"\{(\w+) token", exchange.response)) <= (
        {"listed"} if exchange.dialect == "wacht" else set()
    )


# Paging

FAR_BEYOND = str(10**30)
FULL_WIDTH = "%EF%BC%91"
NO_NUMBERS = ["", "0", "-1", "{beyond}", FAR_BEYOND, FULL_WIDTH, "1%0A", "%201", "+1", "1.0", "1e0", "01", "0x1", "1_0"]
UNKNOWN = ["unknown", "PAGE", "limit%0A", "page[size", "%C5%BFort"]


@every_page_parameter
def test_page_sizes_out_of_range_are_refused(world: World, speaker: Speaker, name: str):
    largest = speaker.pages[name]
    refused = invalid_query(speaker, **{name: f"A whole number from 1 to {largest} is expected."})

    with CaptureQueriesContext(connection) as captured:
        answers = {text: said(speaker.ask(world, f"{name}={text.format(beyond=largest + 1)}")) for text in NO_NUMBERS}

    assert answers == dict.fromkeys(NO_NUMBERS, refused)
    assert "SELECT invitations_invitation" not in query_summaries(captured)


@every_page_parameter
def test_minimum_and_maximum_page_sizes_are_accepted(world: World, speaker: Speaker, name: str):
    for number in (1, speaker.pages[name]):
        assert speaker.ask(world, f"{name}={number}").status_code == 200


@every_page_parameter
def test_a_repeated_parameter_is_refused(world: World, speaker: Speaker, name: str):
    twice = {name: "This parameter must not be repeated."}
    unknown = {"x": "This parameter is unknown."} if speaker.refuses_unknown else {}

    assert said(speaker.ask(world, f"{name}=1&{name}=1")) == invalid_query(speaker, **twice)
    assert said(speaker.ask(world, f"{name}=1&x=&{name}=2")) == invalid_query(speaker, **twice, **unknown)


@every_speaker
def test_an_unknown_parameter_is_refused_or_ignored_as_the_vendor_does(world: World, speaker: Speaker):
    plain = said(speaker.ask(world))

    for name in UNKNOWN:
        refused = invalid_query(speaker, **{unquote(name): "This parameter is unknown."})
        assert said(speaker.ask(world, f"{name}=1")) == (refused if speaker.refuses_unknown else plain)


@pytest.mark.parametrize("speaker", [one for one in SPEAKERS if not one.pages], ids=NAME)
def test_dialects_without_documented_paging_have_none(world: World, speaker: Speaker):
    plain = said(speaker.ask(world))

    for query in ("page=0", "limit=1", "limit=-1", "page[size]=1", f"page={10**30}", "sort=x"):
        assert said(speaker.ask(world, query)) == plain


def invalid_query(speaker: Speaker, **fields: str) -> tuple[int, object]:
    return speaker.refusal(400, "invalid_query", "Some query parameters are not valid.", **fields)
