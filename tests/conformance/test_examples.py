"""Test that the example of every request body works: each is sent to the server, in the world of the demo."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from core.api.operations import EXAMPLE_ID
from invitations.tokens import Purpose, token_for
from perfectworks.urls import DOCUMENTS
from tests.conformance.asking import Cast

METHODS = {"session": "session", "jwt": "jwt"}
# The first of these credentials that the operation accepts is used.
PREFERRED = ("session", "jwt", "oauth2", "apiToken")
ANONYMOUS = {"users_register", "my_invitations_lookup", "get-access-token"}
BY_THE_INVITEE = {"acceptInvitation", "member_invitations_join", "my_invitations_decline"}
# An example cannot contain the IDs and tokens of the reader's own objects.
OWN = {"memberId": "member_id", "organizationId": "organization_id", "invitationId": "invitation_id"}


@pytest.mark.any_database
@pytest.mark.parametrize("api", [name for name in DOCUMENTS if name not in ("zenml", "applivery")])
def test_every_example_of_a_body_works(api: str, cast: Cast):
    failures, sent = [], 0
    for path, method, operation, kind, example in examples(api):
        names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
        body = with_own_ids(example, cast)
        with transaction.atomic():
            response = send(
                api, path.format(**cast.named(api, path, names)), method, kind, body, shown(operation, cast)
            )
            transaction.set_rollback(True)
        cache.clear()
        sent += 1
        if response.status_code >= 300:
            failures.append((operation["operationId"], body, response.status_code, response.content))
    assert failures == []
    assert sent >= 2


def examples(api: str) -> Iterator[tuple[str, str, dict[str, Any], str, dict[str, Any]]]:
    for path, methods in json.loads(DOCUMENTS[api].json)["paths"].items():
        for method, operation in methods.items():
            for kind, body in operation.get("requestBody", {"content": {}})["content"].items():
                for example in body["examples"].values():
                    yield path, method, operation, kind, example["value"]


def with_own_ids(example: dict[str, Any], cast: Cast) -> dict[str, Any]:
    invitation = cast.world.invitations["pending"]
    own = {name: str(cast.ids[known]) for name, known in OWN.items() if example.get(name) == EXAMPLE_ID}
    if "token" in example:
        own["token"] = token_for(invitation, Purpose.LISTED)
    if "api_token" in example:
        own["api_token"] = cast.credentials["owner"]["apiKey"]["headers"]["X-API-Key"]
    return example | own


def shown(operation: dict[str, Any], cast: Cast) -> dict[str, Any]:
    name = operation["operationId"]
    if name in ANONYMOUS:
        return {}
    accepted = {scheme for requirement in operation["security"] for scheme in requirement}
    scheme = next(scheme for scheme in PREFERRED if scheme in accepted)
    return cast.credentials["invitee" if name in BY_THE_INVITEE else "owner"][scheme]


def send(api: str, path: str, method: str, kind: str, body: dict[str, Any], credential: dict[str, Any]) -> Any:
    client = Client(headers=credential.get("headers", {}))
    client.cookies.load(credential.get("cookies", {}))
    if method == "get":
        return client.get(path)
    form = "&".join(f"{name}={value}" for name, value in body.items())
    return getattr(client, method)(path, form if "form" in kind else json.dumps(body), content_type=kind)
