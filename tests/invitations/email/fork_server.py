"""A process that has everything imported and forks others on demand, to be killed: ``python fork_server.py``.

It takes one order per line of JSON, and answers each with a line. A child runs one job, with a database connection
of its own, and may be told to stand still at a statement; it says "reached" then.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django
from django.conf import settings

ANSWERS = os.dup(1)


def say(word: object) -> None:
    os.write(ANSWERS, f"{word}\n".encode())


def main() -> None:
    os.dup2(2, 1)  # what is logged is no answer
    django.setup()
    import perfectworks.management.commands.worker  # noqa: F401 - so that no child imports it anew

    for line in sys.stdin:
        obey(json.loads(line))


def obey(order: dict[str, Any]) -> None:
    if "kill" in order:
        os.kill(order["kill"], signal.SIGKILL)
        os.waitpid(order["kill"], 0)
        return say("killed")
    child = os.fork()
    if child:
        return say(child)
    settings.EMAIL_PORT = order["mail_port"]
    stop_at(**order["stop"])
    JOBS[order["job"]](order)
    os._exit(0)


def stop_at(sql: str = "", when: str = "", after: int = 0) -> None:
    """Stand still before or after the statement that fits, having let so many of these pass."""
    from django.db import connection

    passing = after

    def watch(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal passing
        fits = re.search(sql, f"{statement} {params}", re.IGNORECASE)  # states are enumerations here
        due, passing = fits and passing == 0, passing - bool(fits)
        if due and when == "before":
            stand_still()
        result = execute(statement, params, many, context)
        if due and when == "after":
            stand_still()
        return result

    if sql:
        connection.execute_wrappers.append(watch)


def stand_still() -> None:
    say("reached")
    while True:
        signal.pause()


def work(order: dict[str, Any]) -> None:
    from django.core.management import call_command

    call_command("worker")


def invite(order: dict[str, Any]) -> None:
    from accounts.models import User
    from accounts.principals import Method, Principal
    from invitations.actions.inviting import invite

    by = Principal(user=User.objects.get(email=order["by"]), method=Method.SESSION)
    invite(by=by, organization_id=UUID(order["organization_id"]), email=order["email"])


JOBS: dict[str, Callable[[dict[str, Any]], None]] = {"work": work, "invite": invite}

if __name__ == "__main__":
    main()
