"""Every action saves its changes and its events in one transaction, or saves nothing.

The tests make the database reject the last step of each action. The tables must then be unchanged.
"""

import importlib
import inspect
import pkgutil
import re
from typing import Any

import pytest
from django.db import DatabaseError, transaction

import accounts
import invitations
import orgs
import webhooks
from events.models import Event
from invitations.email.models import Email
from tests.actions.every_action import DONE, World, every_action
from tests.actions.refusing import refusing
from tests.support.changes import track_changes

pytestmark = pytest.mark.django_db


# The actions that queue one email.
EMAILING = (
    "invitations.actions.founding.create_organization_for_owner",
    "invitations.actions.inviting.invite",
    "invitations.actions.inviting_many.invite_many",
    "invitations.actions.inviting_together.invite_to_units",
    "invitations.actions.inviting.resend",
    "invitations.actions.managing_many.resend_many",
    "invitations.actions.inviting.correct_address",
    "invitations.actions.answering.accept",
    "invitations.actions.answering.decline",
    "invitations.actions.answering_together.accept_all",
    "invitations.actions.answering_together.decline_all",
    "invitations.actions.answering.ask_again",
    "invitations.actions.ending.expire",
    "invitations.actions.ending.fail",
    "invitations.email.delivery_reports.take_report",
    "invitations.actions.reminders.remind",
    "invitations.actions.waiting.give_free_seats",
)


def actions_of(package: Any) -> set[str]:
    """Return the names of the public functions in a package that are atomic."""
    modules = (
        importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    )
    return {
        f"{module.__name__}.{name}"
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and is_one_transaction(function)
    }


def is_one_transaction(function: Any) -> bool:
    """Return whether the function is decorated with ``transaction.atomic``."""
    return any(isinstance(cell.cell_contents, transaction.Atomic) for cell in function.__closure__ or ())


def test_every_action_is_tried_here():
    assert set(DONE) == set().union(*map(actions_of, (accounts, orgs, invitations, webhooks)))


@every_action
def test_its_events_contain_no_personal_data(world: World, name: str):
    known = set(Event.objects.values_list("pk", flat=True))
    with track_changes() as changes:
        DONE[name](world)
    assert changes.events
    for row in Event.objects.exclude(pk__in=known):
        assert not [text for text in texts_in(row.data) if not SAYS_NOTHING_PERSONAL.fullmatch(text)], row.data


@every_action
def test_only_listed_actions_queue_an_email(world: World, name: str):
    queued = rehearse(world, name).tables.get("invitations.Email", (0, 0, 0))[0]
    assert queued == (name in EMAILING)


@every_action
def test_nothing_changes_when_its_last_event_cannot_be_written(world: World, name: str):
    kinds = [told.kind for told in rehearse(world, name).events]
    with track_changes() as changes, refusing(Event, f"NEW.kind = '{kinds[-1]}'"), pytest.raises(DatabaseError):
        DONE[name](world)
    assert changes.nothing


@pytest.mark.parametrize("name", EMAILING)
def test_nothing_changes_when_its_email_cannot_be_queued(world: World, name: str):
    with track_changes() as changes, refusing(Email), pytest.raises(DatabaseError):
        DONE[name](world)
    assert changes.nothing


# Matches ids, times, permissions, states, column names, and one SMTP reply code.
SAYS_NOTHING_PERSONAL = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9-]{10}T[0-9:.]{8,12}Z|[a-z_]+(:[a-z_]+)?|550 5\.1\.1"
)


def texts_in(data: Any) -> list[str]:
    """Return all strings in an event's data, including the keys."""
    if isinstance(data, dict):
        return [*data, *(text for value in data.values() for text in texts_in(value))]
    if isinstance(data, list):
        return [text for value in data for text in texts_in(value)]
    return [data] if isinstance(data, str) else []


def rehearse(world: World, name: str) -> Any:
    """Run the action, roll its changes back, and return them."""

    class Undo(Exception):
        pass

    try:
        with track_changes() as changes, transaction.atomic():
            with track_changes() as inside:
                DONE[name](world)
            raise Undo
    except Undo:
        assert changes.nothing
    return inside
