"""Test that each request normalizes an email address only once, when the address is parsed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.test import Client

from core.addresses import Address, normalize_address
from core.ids import to_decimal, to_ulid
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
