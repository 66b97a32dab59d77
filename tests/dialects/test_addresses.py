"""Test that each request normalizes an email address only once, when the address is parsed."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.test import Client

from core.addresses import Address, normalize_address
from core.ids import to_decimal, to_oid, to_ulid
from invitations.email.models import Email
from invitations.models import Invitation
from tests.dialects.world import World, key

RIVERSIDE = key(0x10)
GIVEN, STORED = "New@Example.COM", "new@example.com"
INVITING = {
    "house": ("token", f"/api/v0/organizations/{RIVERSIDE}/invitations", 201),
    "upsun": ("token", f"/upsun/organizations/{to_ulid(RIVERSIDE)}/invitations", 201),
    "wacht": ("session", f"/wacht/organizations/{to_decimal(RIVERSIDE)}/invitations", 200),
}


@contextmanager
def normalizing() -> Iterator[list[str]]:
    """Yield a list that collects the argument of each call of the normalizer. Uses Python's profiler."""
    texts: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code is normalize_address.__code__:
            texts.append(frame.f_locals["text"])

    sys.setprofile(note)
    try:
        yield texts
    finally:
        sys.setprofile(None)


def post(world: World, credential: str, path: str, body: dict[str, Any]) -> Any:
    """Send a POST as the owner."""
    shown = world.credentials["owner"][credential]
    headers = {"Cookie": f"session_id={shown}"} if credential == "session" else {"Authorization": f"Bearer {shown}"}
    return Client(headers=headers).post(path, body, content_type="application/json")


def test_the_profiler_sees_the_normalizer():
    with normalizing() as texts:
        normalize_address(GIVEN)
    assert texts == [GIVEN]


@pytest.mark.parametrize("name", INVITING)
def test_one_invite_normalizes_once(world, name):
    credential, path, status = INVITING[name]

    with normalizing() as texts:
        response = post(world, credential, path, {"email": GIVEN})

    assert (response.status_code, texts) == (status, [GIVEN])
    assert Invitation.objects.filter(email=STORED).count() == 1
    assert Email.objects.filter(recipient=STORED).count() == 1


def test_one_correction_normalizes_once(world):
    path = f"/api/v0/organizations/{RIVERSIDE}/invitations/{key(0x41)}/correct-address"

    with normalizing() as texts:
        response = post(world, "token", path, {"email": GIVEN})

    assert (response.status_code, texts) == (201, [GIVEN])


@pytest.mark.parametrize("number", [0x41, 0x45])
def test_sending_again_normalizes_nothing(world, number):
    path = f"/api/v0/organizations/{RIVERSIDE}/invitations/{key(number)}/resend"

    with normalizing() as texts:
        response = post(world, "token", path, {})

    assert (response.status_code in (200, 201), texts) == (True, [])


def test_what_is_read_from_the_database_is_an_address(world):
    assert {type(address) for address in Invitation.objects.values_list("email", flat=True)} == {Address}
    assert type(Invitation.objects.get(pk=key(0x40)).email) is Address
    assert world.program.email is None


APPLIVERY = f"/applivery/v1/organizations/{to_oid(RIVERSIDE)}/apps/{to_oid(key(0x21))}/collaborators/invitations"
HOUSE = f"/api/v0/organizations/{RIVERSIDE}/invitations"


def get(world: World, path: str, **query: str) -> Any:
    """Send a GET as the owner."""
    return Client(headers={"Authorization": f"Bearer {world.credentials['owner']['token']}"}).get(path, query)


@pytest.mark.parametrize("name", INVITING)
def test_the_domain_of_erased_addresses_cannot_be_invited(world, name):
    credential, path, _ = INVITING[name]
    before = Invitation.objects.count()

    response = post(world, credential, path, {"email": "erased-1@erased.invalid"})

    assert response.status_code == 400
    assert "This email address is reserved. It belongs to nobody." in response.content.decode()
    assert Invitation.objects.count() == before


@pytest.mark.parametrize("name", INVITING)
@pytest.mark.parametrize("given", ["Ann Lee <Ann@Bücher.example>", "\u200bann@bu\u0308cher.example\u00a0"])
def test_every_api_stores_and_returns_the_normalized_address(world, name, given):
    credential, path, status = INVITING[name]

    response = post(world, credential, path, {"email": given})

    assert response.status_code == status
    assert "ann@xn--bcher-kva.example" in response.content.decode()
    assert Invitation.objects.filter(email="ann@xn--bcher-kva.example").count() == 1


@pytest.mark.parametrize("name", INVITING)
def test_every_api_says_which_character_is_wrong(world, name):
    credential, path, _ = INVITING[name]

    response = post(world, credential, path, {"email": "ann(work)@example.com"})

    assert response.status_code == 400
    assert "The character “(” is not allowed before the @." in json.dumps(response.json(), ensure_ascii=False)


@pytest.mark.parametrize("given", ["New@BÜCHER.example", "new@xn--bcher-kva.example", " Ann <new@bücher.example>"])
def test_a_filter_finds_every_form_of_an_address(world, given):
    Invitation.objects.filter(pk=key(0x41)).update(email="new@xn--bcher-kva.example")

    found = get(world, HOUSE, email=given).json()["data"]

    assert [row["email"] for row in found] == ["new@xn--bcher-kva.example"]


@pytest.mark.parametrize("address", ["r&d@example.com", "info@xn--e1afmkfd.xn--p1ai", "first/last@example.com"])
def test_the_pattern_of_a_vendor_binds_its_parameter_and_not_its_list(world, address):
    Invitation.objects.filter(pk=key(0x42)).update(email=address)

    listed = get(world, APPLIVERY).json()["data"]["items"]

    assert address in [row["email"] for row in listed]
    assert get(world, APPLIVERY, email=address).status_code == 400
    assert [row["email"] for row in get(world, HOUSE, email=address).json()["data"]] == [address]
