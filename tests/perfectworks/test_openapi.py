"""Test that each OpenAPI document is valid, free of warnings, up to date, and limited to the paths of its API."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from perfectworks.urls import DOCUMENTS

VIEWERS = ["docs", "redoc", "openapi.json"]


@pytest.fixture(params=DOCUMENTS)
def document(request):
    return DOCUMENTS[request.param]


def test_a_document_is_about_its_own_paths(document):
    content = json.loads(document.json)
    assert content["openapi"] == "3.1.1"
    assert {path.startswith(f"{document.prefix}/") for path in content["paths"]} == {True}


def test_every_operation_says_who_may_call_and_what_it_does(document):
    for path, methods in json.loads(document.json)["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["security"], (method, path)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_document_is_shown_to_anybody(client, document, viewer):
    assert client.get(f"{document.prefix}/{viewer}").status_code == 200


def test_what_is_committed_is_what_the_code_says(capsys):
    call_command("openapi", "--check", stdout=StringIO())
    assert capsys.readouterr().err == ""


def test_a_document_that_is_not_what_the_code_says_is_named(tmp_path):
    folder = tmp_path / "openapi"
    call_command("openapi", "--folder", str(folder))
    assert {path.name for path in folder.iterdir()} == {f"{name}.yaml" for name in DOCUMENTS}
    (folder / "zenml.yaml").write_text("openapi: 3.1.1\n")
    (folder / "upsun.yaml").unlink()

    with pytest.raises(CommandError, match=r"Out of date: zenml\.yaml, upsun\.yaml\."):
        call_command("openapi", "--check", "--folder", str(folder))
