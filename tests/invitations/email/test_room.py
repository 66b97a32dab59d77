"""Test that the outbox modules do not import other invitation code, so that they can become a separate package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from invitations.email import kinds
from invitations.email.handlers import InvitationEmailHandler
from invitations.email.kinds import handler_of, register_handler
from invitations.email.models import Email

OUTBOX = {"models", "kinds", "queue", "leases", "deliver", "transport", "worker"}


def runtime_imports(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports, even in functions. Skip ``if TYPE_CHECKING`` blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        if isinstance(child, ast.ImportFrom):
            assert child.level == 0, "absolute imports only"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from runtime_imports(child)


@pytest.mark.parametrize("module", sorted(OUTBOX))
def test_an_outbox_module_imports_from_the_invitations_app_only_the_outbox(module: str) -> None:
    source = Path(settings.BASE_DIR, "invitations", "email", f"{module}.py").read_text()
    of_invitations = [name for name in runtime_imports(ast.parse(source)) if name.split(".")[0] == "invitations"]
    assert [name for name in of_invitations if name.split(".")[1] != "email" or name.split(".")[2] not in OUTBOX] == []


@pytest.mark.parametrize("kind", Email.Kind.values)
def test_each_kind_of_email_has_a_handler(kind: str) -> None:
    assert type(handler_of(Email(kind=kind))) is InvitationEmailHandler


class AnotherHandler(InvitationEmailHandler):
    """A second handler, which changes nothing."""


def test_a_kind_has_one_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_handlers", {})
    register_handler(["reminder"], InvitationEmailHandler)
    register_handler(["reminder"], InvitationEmailHandler)
    with pytest.raises(ValueError, match="Emails of kind reminder already have a handler"):
        register_handler(["reminder"], AnotherHandler)


def test_an_email_without_a_handler_is_an_error() -> None:
    with pytest.raises(LookupError):
        handler_of(Email(kind="newsletter"))
