#!/usr/bin/env python3
"""Run PerfectWorks' commands: `python manage.py help` lists them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error as AnyDatabaseError
from django.db import OperationalError


def main() -> None:
    """Run the command. If a setting is wrong or the database refuses, print one sentence about it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perfectworks.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as refusal:
        sys.exit(f"PerfectWorks does not start: {refusal}")
    except AnyDatabaseError as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(sentence_of(error))


def sentence_of(error: AnyDatabaseError) -> str:
    """Say what the database refused. Raises the error itself if only a developer can tell why."""
    reason = str(error).strip().partition("\n")[0]
    if "permission denied" in reason:
        advice = "Run the command as the owner of the tables: DATABASE_URL=$DATABASE_OWNER_URL manage.py …"
        return f"The role in DATABASE_URL may not do this: {reason}. {advice}"
    if isinstance(error, OperationalError):
        return f"The database failed: {reason}. Run manage.py doctor. With --traceback, you see where it failed."
    raise error


if __name__ == "__main__":
    main()
