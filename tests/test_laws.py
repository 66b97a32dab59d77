"""Test that querysets only read, and that ``orgs`` changes invitations only through the signals that it defines."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.dispatch import Signal

import orgs.signals
from tests.support.packages import APPS

WRITES = {
    "save",
    "create",
    "update",
    "delete",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "insert",  # core.compiled_inserts
    "insert_all",
    "insert_events",
    "bulk_update",
    "record",
    "queue_email",
}
# Exceptions: ``record`` and ``together`` write events, and Django requires the name ``create_user``.
MAY_WRITE = {
    *("EventQuerySet.record", "EventQuerySet.together"),
    *("UserManager.create_user", "UserManager.create_verified_user"),
}

SIGNALS = {name: value for name, value in vars(orgs.signals).items() if isinstance(value, Signal)}


def modules(*apps: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path and syntax tree of each module in these apps, except migrations."""
    root = Path(settings.BASE_DIR)
    for app in apps:
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(root).as_posix(), ast.parse(path.read_text())


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the name of each called function, and the expression before the last dot (or an empty string)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, ast.unparse(node.func.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, ""


def queryset_methods() -> Iterator[tuple[str, ast.FunctionDef]]:
    for _, module in modules("core", *APPS):
        for node in module.body:
            if isinstance(node, ast.ClassDef) and any(
                "QuerySet" in ast.unparse(base) or "Manager" in ast.unparse(base) for base in node.bases
            ):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        yield f"{node.name}.{method.name}", method


def test_querysets_only_read():
    methods = dict(queryset_methods())
    assert {"InvitationQuerySet.open", "DeliveryQuerySet.due"} <= methods.keys()
    writing = {name for name, method in methods.items() if WRITES & {called for called, _ in calls(method)}}
    assert writing == MAY_WRITE


def test_orgs_only_reads_the_reverse_keys_of_invitations():
    looked_up = [
        (path, called, where)
        for path, module in modules("orgs")
        for called, where in calls(module)
        if "invitations" in where
    ]
    assert looked_up
    assert [found for found in looked_up if found[1] in WRITES] == []


def test_receivers_change_rows_only_by_actions():
    """A receiver may record an event about a change that a library made."""
    receivers = {path: module for path, module in modules("core", *APPS) if path.endswith("receivers.py")}
    assert {"accounts/receivers.py", "invitations/receivers.py"} <= receivers.keys()
    writing = [(path, called) for path, module in receivers.items() for called, _ in calls(module) if called in WRITES]
    assert {found for found in writing if found[1] != "record"} == set()


@pytest.mark.parametrize("name", SIGNALS)
def test_every_listed_signal_is_sent_and_handled(name: str):
    sent = {where for _, module in modules("orgs") for called, where in calls(module) if called == "send"}
    assert name in sent
    assert SIGNALS[name].receivers


def test_orgs_sends_only_listed_signals():
    sent = {where for _, module in modules("orgs") for called, where in calls(module) if called == "send"}
    assert sent == SIGNALS.keys()
