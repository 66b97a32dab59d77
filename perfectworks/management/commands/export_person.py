"""``manage.py export_person``: write everything that the service stores about a person."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.personal_data import export_person
from perfectworks.management.lookups import account_named


class Command(BaseCommand):
    """Write the document that the person gets at *Account → Your data*."""

    help = (
        "Write everything that the service stores about a person, as JSON: the document that the person can download. "
        "docs/personal-data.md explains it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the account and the options."""
        parser.add_argument("account", help="An email address of the person, or the ID of the account.")
        parser.add_argument("--output", type=Path, help="A new file, which only you can read. Unset: standard output.")
        parser.add_argument("--json", action="store_true", help="With --output: print what was written as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the document. Raises CommandError."""
        user, file = account_named(options["account"]), options["output"]
        if file is None:
            for piece in export_person(user):
                self.stdout.write(piece, ending="")
            self.stdout.write("")
            return
        size = _write(file, export_person(user))
        written = {"accountId": str(user.pk), "file": str(file), "bytes": size}
        self.stdout.write(json.dumps(written) if options["json"] else f"Wrote {size:,} bytes to {file}.")


def _write(file: Path, pieces: Any) -> int:
    """Write a new file that only its owner can read. Return its size. Raises CommandError if it exists."""
    try:
        with open(file, "x", encoding="utf-8", opener=_only_for_owner) as stream:
            return sum(stream.write(piece) and len(piece.encode()) for piece in pieces)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from error


def _only_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
