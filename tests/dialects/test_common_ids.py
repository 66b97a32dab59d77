"""Test foreign, unknown and malformed ids in the paths of all operations of all dialects."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perfectworks.urls import DIALECTS
from tests.dialects.operations import (
    ABSENT,
    FOREIGN,
    OPERATION_AND_NAME,
    OWN,
    ROUTES,
    application_of_others,
    ask,
    dialect_of,
    path_values,
)
from tests.dialects.speakers import said
from tests.dialects.world import World, key
from tests.support.changes import track_changes
from tests.support.queries import query_summaries

# Malformed variants of an id. Code that handles Unicode or line ends carelessly would accept them.
NEARLY = {
    "a newline behind it": lambda text: f"{text}\n",
    "a blank behind it": lambda text: f"{text} ",
    "a blank before it": lambda text: f" {text}",
    "a plus": lambda text: f"+{text}",
    "a zero before it": lambda text: f"0{text}",
    "an invisible character": lambda text: f"{text}\u200b",
    "a full-width digit": lambda text: text.replace("0", "\uff10", 1),
    "an Arabic digit": lambda text: text.replace("0", "\u0660", 1),
    "a look-alike letter": lambda text: text.replace("0", "\u041e", 1),
}


def test_every_dialect_has_operations_here():
    assert {dialect_of(operation) for operation in ROUTES} == set(DIALECTS)


@pytest.mark.parametrize("operation", ROUTES)
def test_existing_ids_are_found(world: World, operation: str):
    assert ask(world, operation).status_code in (200, 201, 204)


@pytest.mark.parametrize(("operation", "name"), OPERATION_AND_NAME)
def test_foreign_and_unknown_ids_get_the_same_response(world: World, operation: str, name: str):
    """Body, status and queries are the same, including in paths below the caller's own organization."""
    application_of_others(world)
    foreign = FOREIGN | {"invitation_id": key(0x41)} if dialect_of(operation) == "zenml" else FOREIGN

    answers = []
    for ids in (foreign, ABSENT):
        with CaptureQueriesContext(connection) as captured, track_changes() as changes:
            response = ask(world, operation, **{name: path_values(operation, ids)[name]})
        assert changes.nothing
        answers.append((said(response), query_summaries(captured)))

    assert answers[0] == answers[1]
    assert answers[0][0][0] in (403, 404)


@pytest.mark.parametrize(("operation", "name"), OPERATION_AND_NAME)
def test_almost_valid_ids_are_not_found(world: World, operation: str, name: str):
    own = path_values(operation, OWN)[name]
    absent = said(ask(world, operation, **{name: path_values(operation, ABSENT)[name]}))
    fault = {"type": "uuid_parsing", "loc": ["path", name], "msg": "Input should be a valid UUID"}

    for nearly in NEARLY.values():
        text = nearly(own)
        assert text != own
        with track_changes() as changes:
            answer = said(ask(world, operation, **{name: text}))
        faulty = (422, {"detail": [{**fault, "input": text}]})
        assert answer == (faulty if dialect_of(operation) == "zenml" else absent)
        assert changes.nothing
