"""Test published failures of other services (``docs/lessons.md``) that no other test module covers.

Also test the page itself: each test that the page names must exist.
"""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Organization
from orgs.permissions import BUILT_IN_ROLES, LIST_PROJECTS, Level
from perfectworks.urls import DIALECTS
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.orgs.api.house import API, at
from tests.support.changes import track_changes
from tests.support.people import PASSWORD, session_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/lessons.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| seen in", "| input |"))]


# The page


@cache
def names_in(file: str) -> set[str]:
    """Return the names in a text that look like ``test_name`` or ``TestClass::test_name``."""
    found = set()
    for node in ast.parse((ROOT / file).read_text()).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {prefix + one.name for one in inner if isinstance(one, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_lesson_names_tests_that_exist(row: str):
    named = NAMED.findall(row)

    assert named
    assert row.count("`tests/") == len(named)
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []


def test_every_row_is_read():
    assert len(ROWS) == len(re.findall(r"^\|", PAGE, re.MULTILINE)) - 2 * len(re.findall(r"^\|---", PAGE, re.MULTILINE))


# Permissions


@pytest.mark.django_db
def test_migrations_add_no_permissions_to_pending_invitations(organization: Organization, owner: User):
    """Later migrations must not change the permissions of existing rows like these."""
    unit = UnitFactory.create(organization=organization)
    own = RoleFactory.create(organization=organization, name="Helper", permissions=[LIST_PROJECTS])
    in_units = [key for key, _, level, _ in BUILT_IN_ROLES if level == Level.UNIT]
    roles = [own.pk, *(key for key, _, level, _ in BUILT_IN_ROLES if level == Level.ORGANIZATION)]
    for number, role_id in enumerate(roles):
        InvitationFactory.create(
            organization=organization, email=f"invitee-{number}@example.com", inviter=owner, role_id=role_id
        )
    for number, role_id in enumerate(in_units):
        InvitationFactory.create(
            organization=organization,
            email=f"guest-{number}@example.com",
            inviter=owner,
            unit=unit,
            unit_role_id=role_id,
        )

    before = {**offers()}
    with track_changes() as changes:
        call_command("migrate", verbosity=0)

    assert offers() == before
    assert len(before) == len(roles) + len(in_units)
    assert changes.nothing


def offers() -> dict[str, Any]:
    rows = Invitation.objects.open().with_details()
    return {
        row.email: (sorted(row.granted_permissions), sorted(row.unit_role.permissions) if row.unit_role else [])
        for row in rows
    }


# Rate limits only delay requests and never lock users out


@pytest.mark.django_db
def test_failed_attempts_of_others_do_not_lock_out_the_invitee(organization: Organization, owner: User):
    django_cache.clear()
    invitee = UserFactory.create(email="invitee@example.com", password=PASSWORD)
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    link = f"/i/{token_for(invitation, Purpose.EMAILED)}"
    pest = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(50):
        pest.get(f"{link[:-1]}{'ABCDEFGHIJ'[number % 10]}")
        pest.post("/api/v0/invitations/lookup", {"token": f"{link[3:-1]}_"}, content_type="application/json")
        pest.post(f"/invitations/{invitation.pk}/accept")
        pest.post("/accounts/login/", {"login": "invitee@example.com", "password": "wrong"})
    django_cache.clear()  # as if the period of the rate limit had ended

    client = Client(REMOTE_ADDR="198.51.100.7")
    assert client.get(link, follow=True).status_code == 200
    client.post(f"/invitations/{invitation.pk}/sign-in", {"login": "invitee@example.com", "password": PASSWORD})
    client.post(f"/invitations/{invitation.pk}/accept")

    invitation.refresh_from_db()
    assert (invitation.status, invitation.answered_by) == ("accepted", invitee)


# Input


HOSTILE = {
    "NUL": b'{"name": "a\\u0000b", "email": "a\\u0000b@example.com"}',
    "a raw NUL": b'{"name": "a\x00b", "email": "a\x00b@example.com"}',
    "a lone surrogate": b'{"name": "\\ud800", "email": "\\ud800@example.com"}',
    "absurd nesting": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a list": b"[1, 2]",
    "null": b"null",
    "line breaks": b'{"name": "a\\r\\nBcc: b", "email": "a\\r\\nb@example.com"}',
    "vertical space": b'{"name": "a\\u000bb\\u000cc", "email": "a\\u000b@example.com"}',
    "a right-to-left override": '{"name": "a\u202eb", "email": "a\u202eb@example.com"}'.encode(),
    "a zero-width space": '{"name": "a\u200bb", "email": "a\u200bb@example.com"}'.encode(),
    "duplicate keys": b'{"name": "a", "name": "b", "email": "a@example.com", "email": "b@example.com"}',
    "utf-16": '{"name": "a", "email": "a@example.com"}'.encode("utf-16"),
    "invalid utf-8": b'{"name": "\xff", "email": "\xff@example.com"}',
    "a number that is none": b'{"name": NaN, "email": Infinity}',
    "a very long text": b'{"name": "' + b"a" * 100_000 + b'", "email": "' + b"a" * 100_000 + b'@example.com"}',
}
QUERIES = (
    "email=%00", "email=%ED%A0%80", "email=%FF", f"limit={10**30}", "limit=-1", "page=0", f"page={10**30}",
    "sort=%00", "state=pending&state=declined", "state=%27", "invitedBy=x", "invitedBy=%00", "role=%00", "unit=1",
    "after=x", "unknown=1", "limit=1&limit=2",
)  # fmt: skip
FOLDING = ("ſ", "\u212a", "ı", "İ")


@pytest.fixture
def client_of_owner(owner: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner, token=session_of(owner))  # type: ignore[arg-type]
    return client


def send(client: APIClient, method: str, path: str, body: bytes) -> Any:
    return client.generic(method, path, body, content_type="application/json")  # type: ignore[arg-type]


def doors(organization: Organization) -> list[tuple[str, str]]:
    """Return the operations whose request body contains a name or an address."""
    return [
        ("POST", f"{API}/organizations"),
        ("PATCH", at(organization)),
        ("POST", at(organization, "roles")),
        ("POST", at(organization, "workspaces")),
        ("POST", at(organization, "invitations")),
        ("POST", f"{API}/users/register"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_input_is_refused_and_writes_nothing(
    client_of_owner: APIClient, organization: Organization, hostile: str
):
    with track_changes() as changes:
        for method, path in doors(organization):
            response = send(client_of_owner, method, path, HOSTILE[hostile])
            assert 400 <= response.status_code < 500, (path, response.content)
            assert response.json()["error"]["code"]

    assert changes.nothing


@pytest.mark.django_db
def test_every_list_and_page_still_renders_after_hostile_input(
    client_of_owner: APIClient, organization: Organization, owner: User, client: Client
):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    for body in HOSTILE.values():
        for method, path in doors(organization):
            send(client_of_owner, method, path, body)
    for query in QUERIES:
        assert client_of_owner.get(at(organization, f"invitations?{query}")).status_code == 400, query

    for path in (
        "organizations",
        f"organizations/{organization.pk}/invitations",
        "organization-members",
        "invitations",
    ):
        assert client_of_owner.get(f"{API}/{path}").status_code == 200
    User.objects.filter(pk=owner.pk).update(is_staff=True, is_superuser=True)
    client.force_login(User.objects.get(pk=owner.pk))
    for path in (
        "/invitations",
        "/admin/invitations/invitation/",
        f"/admin/invitations/invitation/{invitation.pk}/change/",
        f"/admin/orgs/organization/{organization.pk}/change/",
        "/admin/events/event/",
    ):
        assert client.get(path).status_code == 200, path
    assert Client().get(f"/i/{token_for(invitation, Purpose.EMAILED)}", follow=True).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "prefix", ["/api/v0", *(f"/{name}" for name in DIALECTS), "/i", "/invitations", "/webhooks/mail"]
)
@pytest.mark.parametrize("part", ["%FF", "%00", "%ED%A0%80", "%C0%AF", "..%2F..", "%0d%0aSet-Cookie:x"])
def test_a_path_that_is_not_utf_8_is_not_found(client: Client, prefix: str, part: str):
    for path in (f"{prefix}/{part}", f"{prefix}/organizations/{part}/invitations"):
        response = client.get(path)
        assert response.status_code in (401, 404), (path, response.status_code)
        assert "x" not in response.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("letter", FOLDING)
def test_case_folding_of_unusual_letters_does_not_match_another_address(
    client_of_owner: APIClient, organization: Organization, letter: str
):
    """PostgreSQL converts these letters to s, k and i in lower case."""
    for name in ("sam", "kim", "isa"):
        MembershipFactory.create(organization=organization, user__email=f"{name}@example.com")
    for address in (f"{letter}am@example.com", f"{letter}im@example.com", f"{letter}sa@example.com"):
        body = json.dumps({"email": address}).encode()
        with track_changes() as changes:
            response = send(client_of_owner, "POST", at(organization, "invitations"), body)
        message = (
            f"Email addresses with letters such as “{letter}” (U+{ord(letter):04X}) before the @ are not supported."
        )
        assert (response.status_code, response.json()["error"]["fields"]) == (400, {"email": [message]})
        assert changes.nothing
