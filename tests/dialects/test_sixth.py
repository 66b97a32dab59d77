"""Test that a sixth dialect needs only its own file and two lines in ``perfectworks.urls``."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client, override_settings
from drf_spectacular.validation import validate_schema

from accounts.credentials import OPERATIONS
from core.api.docs import Document
from perfectworks import urls
from perfectworks.management.commands.credentials import page
from tests.dialects import tiny
from tests.dialects.world import World

IMPORTS, ITS_IMPORT = "from django.conf import settings\n", "from tests.dialects import tiny\n"
DIALECTS, ITS_LINE = "DIALECTS = {\n", '    "tiny": tiny,\n'
FRIEND = "https://app.example.com"


@pytest.fixture
def the_map() -> Iterator[ModuleType]:
    """The URLs of the service, with the sixth dialect added."""
    source = Path(str(urls.__file__)).read_text()
    for line, one_more in ((IMPORTS, ITS_IMPORT), (DIALECTS, ITS_LINE)):
        assert source.count(line) == 1
        source = source.replace(line, line + one_more)
    sixth: Any = ModuleType("tests.dialects.map_with_one_more")
    exec(compile(source, sixth.__name__, "exec"), vars(sixth))
    sys.modules[sixth.__name__] = sixth
    with override_settings(ROOT_URLCONF=sixth.__name__, CORS_ALLOWED_ORIGINS=[FRIEND]):
        yield sixth
    del sys.modules[sixth.__name__]
    for operation in tiny.credentials:
        del OPERATIONS[operation]


def ask(path: str, token: str = "", method: str = "get", **headers: str) -> Any:
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return getattr(Client(raise_request_exception=False), method)(f"/tiny/{path}", headers=shown | headers)


def test_it_works_and_the_other_dialects_still_do(the_map: ModuleType, world: World):
    token = world.credentials["invitee"]["token"]

    assert (ask("count", token).status_code, ask("count", token).content) == (200, b"3")
    assert len(Client(headers={"Authorization": f"Bearer {token}"}).get("/zenml/invitations").json()) == 3


@pytest.mark.usefixtures("the_map", "world")
def test_every_error_below_its_prefix_has_its_format(world: World):
    person, narrow = world.credentials["invitee"]["token"], world.credentials["narrow invitee"]["token"]
    failures = [
        ask("count"),
        ask("count", "wrong"),
        ask("count", narrow),
        ask("nothing", person),
        ask("count", person, "delete"),
        ask("count?x=1", person),
    ]

    assert [(failure.status_code, failure.json()) for failure in failures] == [
        (401, ["unauthenticated"]),
        (401, ["invalid_credentials"]),
        (403, ["scope_missing"]),
        (404, ["not_found"]),
        (405, ["method_not_allowed"]),
        (400, ["invalid_query"]),
    ]


def test_browsers_of_allowed_origins_may_call_it(the_map: ModuleType, db: None):
    asked = ask("count", method="options", **{"Origin": FRIEND, "Access-Control-Request-Method": "GET"})

    assert asked["Access-Control-Allow-Origin"] == FRIEND


def test_it_is_in_the_table_of_credentials_and_on_its_page(the_map: ModuleType):
    assert "| `GET /tiny/count` |  |  | yes | `invitations` | `invitations` |  |" in page().splitlines()


def test_it_has_a_document_and_the_pages_that_show_it(the_map: ModuleType):
    document: Document = the_map.DOCUMENTS["tiny"]
    content = json.loads(ask("openapi.json").content)

    validate_schema(document.content)
    assert content["info"]["title"] == "Tiny"
    assert content["info"]["description"] == tiny.__doc__
    assert list(content["paths"]) == ["/tiny/count"]
    assert ask("docs").status_code == ask("redoc").status_code == 200
