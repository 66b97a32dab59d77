"""The table of allowed credentials contains every operation that has a route, and it is enforced."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.credentials import (
    ANYTHING,
    OPERATIONS,
    SIGNED_IN,
    CredentialNotAllowed,
    RecentSignInRequired,
    ScopeMissing,
    admit,
    require_allowed,
)
from accounts.models import User
from accounts.principals import Method, Principal
from core.errors import Unauthenticated
from perfectworks.management.commands.credentials import KINDS, page, requests
from perfectworks.urls import DIALECTS
from tests.support.operations import house_routes

PROJECT = Path(__file__).resolve().parents[2]
RECENT = {operation for operation, admission in OPERATIONS.items() if admission.recent}


def principal(method: Method, **bounds) -> Principal:
    bounds.setdefault("authenticated_at", timezone.now())
    return Principal(user=User(), method=method, **bounds)


def who_may(operation: str) -> set[str]:
    """Return the kinds of credential that the operation accepts."""
    admitted = set()
    for method in Method:
        try:
            require_allowed(operation, principal(method))
        except CredentialNotAllowed:
            continue
        admitted.add(str(method))
    return admitted


def test_every_routed_operation_is_in_the_table_and_nothing_else_is():
    routed = [operation for operation, _ in requests()]

    assert sorted(routed) == sorted(set(routed)) == sorted(OPERATIONS)
    assert set(house_routes()) < set(routed)


def test_the_rows_of_every_dialect_are_in_the_table():
    for dialect in DIALECTS.values():
        assert dialect.credentials
        assert dialect.credentials.items() <= OPERATIONS.items()


def test_a_row_is_declared_once(monkeypatch):
    monkeypatch.delitem(OPERATIONS, "organizations.list")
    admit({"organizations.list": ANYTHING})
    admit({"organizations.list": ANYTHING})

    with pytest.raises(ValueError, match=r"organizations\.list is already in the credential table"):
        admit({"organizations.list": SIGNED_IN})
    assert OPERATIONS["organizations.list"] == ANYTHING


@pytest.mark.parametrize(
    ("operation", "kinds"),
    [
        ("organizations.list", {"session", "jwt", "oauth2", "oauth2_client", "api_key"}),
        ("my_invitations.list", {"session", "jwt", "oauth2"}),
        ("my_invitations.retrieve", {"session", "jwt", "oauth2"}),
        ("my_invitations.accept", {"session", "jwt", "oauth2"}),
        ("my_invitations.decline", {"session", "jwt", "oauth2"}),
        ("my_invitations.lookup", {"session", "jwt", "oauth2", "oauth2_client", "api_key"}),
        ("member_invitations.join", {"session", "jwt", "oauth2"}),
        ("member_invitations.invites", {"jwt"}),
        ("api_keys.create", {"session", "jwt"}),
        ("users.purge_profile", {"session", "jwt"}),
        ("users.delete_profile", {"session", "jwt"}),
        ("organizations.transfer_ownership", {"session", "jwt"}),
        ("wacht_invitations.list", {"session"}),
        ("wacht_answers.accept", {"session"}),
        ("zenml_invitations.list", {"jwt", "oauth2", "oauth2_client"}),
        ("zenml_invitations.answer", {"jwt", "oauth2"}),
        ("upsun_invitations.list", {"jwt", "oauth2", "oauth2_client", "api_key"}),
        ("applivery_invitations.list", {"jwt", "oauth2", "oauth2_client"}),
        ("nothing.routed", set()),
        ("organizations.metadata", set()),
    ],
)
def test_who_may(operation, kinds):
    assert who_may(operation) == kinds


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_admits_what_no_request_can_show(operation):
    assert who_may(operation) <= {str(kind) for kind in KINDS}


@pytest.mark.parametrize("operation", [*OPERATIONS, "nothing.routed"])
def test_nobody_may_what_is_public_and_nothing_else(operation):
    if operation in ("organizations.by_slug", "my_invitations.lookup", "users.register"):
        require_allowed(operation, None)
    else:
        with pytest.raises(Unauthenticated):
            require_allowed(operation, None)


def test_what_cannot_be_undone_and_what_makes_a_credential():
    assert {
        "organizations.transfer_ownership",
        "organizations.purge",
        "users.export_profile",
        "users.purge_profile",
        "api_keys.create",
        "oauth_applications.create",
        "oauth_applications.partial_update",
        "oauth_applications.renew_secret",
        "webhook_endpoints.create",
        "webhook_endpoints.partial_update",
        "webhook_endpoints.rotate_secret",
    } == RECENT


@pytest.mark.parametrize("operation", sorted(RECENT))
def test_these_need_a_sign_in_of_the_last_minutes(operation, settings, time_machine):
    settings.RECENT_SIGN_IN = 900
    time_machine.move_to("2026-01-02T12:00:00Z", tick=False)
    now = timezone.now()

    for kind in OPERATIONS[operation].kinds & SIGNED_IN.kinds:
        require_allowed(operation, principal(kind, authenticated_at=now - timedelta(seconds=900)))
        for moment in (now - timedelta(seconds=901), None):
            with pytest.raises(RecentSignInRequired):
                require_allowed(operation, principal(kind, authenticated_at=moment))


@pytest.mark.parametrize("kind", [Method.OAUTH2, Method.CLIENT, Method.API_KEY])
def test_software_needs_no_recent_sign_in(kind):
    require_allowed("webhook_endpoints.create", principal(kind, authenticated_at=None))


@pytest.mark.parametrize(
    ("operation", "scopes"),
    [
        ("users.profile", {"profile"}),
        ("users.register", {"profile"}),
        ("users.switch_organization", {"organizations"}),
        ("my_invitations.accept", {"invitations"}),
        ("member_invitations.join", {"invitations"}),
        ("zenml_invitations.list", {"invitations"}),
        ("organizations.create", {"organizations"}),
        ("organizations.leave", {"organizations"}),
        ("api_keys.destroy", {"organizations"}),
        ("users.register_system", {"organizations"}),
        ("members.list", {"organizations"}),
        ("organizations.list", {"organizations", "organization:list_projects"}),
        ("workspaces.list", {"organizations", "organization:list_projects"}),
    ],
)
def test_a_client_does_for_people_what_they_allowed_it(operation, scopes):
    for scope in ("profile", "invitations", "organizations", "organization:list_projects"):
        token = principal(Method.OAUTH2, granted_scopes=frozenset({scope}))
        if scope in scopes:
            require_allowed(operation, token)
        else:
            with pytest.raises(ScopeMissing):
                require_allowed(operation, token)


def test_no_scope_admits_to_nothing_but_what_anybody_may():
    anybody = {"organizations.by_slug", "my_invitations.lookup"}
    for operation, admission in OPERATIONS.items():
        for kind in admission.kinds & {Method.OAUTH2, Method.CLIENT}:
            token = principal(kind, granted_scopes=frozenset())
            if operation in anybody:
                require_allowed(operation, token)
            else:
                with pytest.raises(ScopeMissing):
                    require_allowed(operation, token)


def test_a_row_that_names_no_scope_admits_no_token_unless_anybody_may():
    for operation, admission in OPERATIONS.items():
        if admission.kinds & {Method.OAUTH2, Method.CLIENT} and not admission.public:
            assert admission.scopes, operation


def test_the_documentation_shows_the_table(capsys):
    call_command("credentials")

    assert capsys.readouterr().out == page() == (PROJECT / "docs" / "credentials.md").read_text()


def test_the_page_shows_each_condition():
    for row in (
        "| `GET /api/v0/organization-members/invites` |  |  | yes |  |  |  |",
        "| `DELETE /api/v0/users/profile/permanent` |  | recent | recent |  |  |  |",
        "| `POST /api/v0/users/register` | yes | yes | yes | `profile` |  |  |",
        "| `GET /api/v0/organizations` |  | yes | yes | any | any | yes |",
        "| `GET /api/v0/organizations/slug/{slug}` | yes | yes | yes | yes | yes | yes |",
        "| `GET /wacht/organizations/{organization_id}/invitations` |  | yes |  |  |  |  |",
        "| `GET /zenml/invitations` |  |  | yes | `invitations` | `invitations` |  |",
    ):
        assert row in page().splitlines()
