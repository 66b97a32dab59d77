"""Fork child processes that tests kill: ``python -m tests.outbox.fork_server``.

All modules are imported before forking, so that child processes start fast. The process reads one JSON command per line
and writes one line in response. A child runs one job with its own database connection. A command can make the child
pause at an SQL statement. The child then writes "reached" and waits to be killed.
"""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django
from django.conf import settings

RESPONSES = os.dup(1)


def respond(word: object) -> None:
    os.write(RESPONSES, f"{word}\n".encode())


def main() -> None:
    os.dup2(2, 1)  # write logs to stderr, because stdout is for responses only
    django.setup()
    import perfectworks.management.commands.worker  # noqa: F401 - imported here so that children do not have to

    for line in sys.stdin:
        handle(json.loads(line))


def handle(command: dict[str, Any]) -> None:
    if "kill" in command:
        os.kill(command["kill"], signal.SIGKILL)
        os.waitpid(command["kill"], 0)
        return respond("killed")
    if "wait" in command:
        os.waitpid(command["wait"], 0)
        return respond("ended")
    child = os.fork()
    if child:
        return respond(child)
    settings.EMAIL_PORT = command["mail_port"]
    stop_at(**command["stop"])
    JOBS[command["job"]](command)
    os._exit(0)


def stop_at(sql: str = "", when: str = "", after: int = 0) -> None:
    """Pause before or after an SQL statement that matches the pattern ``sql``. Skip the first ``after`` matches."""
    from django.db import connection

    remaining = after

    def watch(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal remaining
        matches = re.search(sql, f"{statement} {params}", re.IGNORECASE)  # parameters contain states as enum members
        due, remaining = matches and remaining == 0, remaining - bool(matches)
        if due and when == "before":
            wait_to_be_killed()
        result = execute(statement, params, many, context)
        if due and when == "after":
            wait_to_be_killed()
        return result

    if sql:
        connection.execute_wrappers.append(watch)


def wait_to_be_killed() -> None:
    respond("reached")
    while True:
        signal.pause()


def work(command: dict[str, Any]) -> None:
    from django.core.management import call_command

    call_command("worker")


def deliver_slowly(command: dict[str, Any]) -> None:
    """Deliver one batch, however long it takes."""
    from invitations.email.models import Email
    from outbox import deliver
    from outbox.email_transport import EmailTransport

    deliver.BATCH_SECONDS = 600.0
    deliver.deliver_batch(Email, EmailTransport(), command["size"])


def deliver_webhooks(command: dict[str, Any]) -> None:
    """Deliver webhooks until this process is killed or nothing is due, over the connection that ``stop_at`` watches."""
    from outbox.handlers import Queue
    from webhooks.handling import WebhookHandler, WebhookTransport
    from webhooks.lane import WebhookLane
    from webhooks.models import WebhookDelivery

    lane = WebhookLane(WebhookTransport(), [Queue(WebhookDelivery, WebhookHandler, WebhookTransport)])
    while lane.run_once(lambda: False) or command.get("endless"):
        if not lane.sending:
            time.sleep(0.02)


def rename(command: dict[str, Any]) -> None:
    from accounts.models import User
    from accounts.principals import Method, Principal
    from orgs.actions.organizations import update_organization

    by = Principal(user=User.objects.get(email=command["by"]), method=Method.SESSION)
    update_organization(by=by, organization_id=UUID(command["organization_id"]), name=command["name"])


def invite(command: dict[str, Any]) -> None:
    from accounts.models import User
    from accounts.principals import Method, Principal
    from invitations.actions.inviting import invite

    by = Principal(user=User.objects.get(email=command["by"]), method=Method.SESSION)
    invite(by=by, organization_id=UUID(command["organization_id"]), email=command["email"])


JOBS: dict[str, Callable[[dict[str, Any]], None]] = {
    one.__name__: one for one in (work, deliver_slowly, deliver_webhooks, invite, rename)
}

if __name__ == "__main__":
    main()
