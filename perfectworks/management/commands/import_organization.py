"""``manage.py import_organization``: create the organization of an export."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from perfectworks.management.progress import Bar
from perfectworks.transfer.files import TransferRefused
from perfectworks.transfer.importing import import_organization
from perfectworks.transfer.tables import TABLES

SUPPRESSIONS = "suppressions.jsonl"
KEYS = (
    "To {} unsubscribed addresses, emails are sent again unless the last keys in ADDRESS_KEYS are those of the former "
    "installation."
)


class Command(BaseCommand):
    """Import an organization."""

    help = (
        "Create the organization of an export, with the same IDs, in one transaction. Nothing is written if anything "
        "of it exists already, except accounts with the same ID and the same address, which stay as they are. Import "
        "only what an operator whom you trust has exported: the email addresses count as verified."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the directory and the options."""
        parser.add_argument("directory", type=Path, help="The directory that export_organization has written.")
        parser.add_argument("--dry-run", action="store_true", help="Only check the files and look for conflicts.")
        parser.add_argument("--json", action="store_true", help="Print the manifest.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and print what was imported. Raises CommandError with all conflicts."""
        try:
            with Bar(cast("IO[str]", self.stderr), total=len(TABLES)) as bar:
                manifest = import_organization(
                    options["directory"],
                    dry_run=options["dry_run"],
                    on_table=lambda name: bar.advance(None, text=name),
                )
        except TransferRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(manifest, ensure_ascii=False) if options["json"] else _as_text(manifest, options))


def _as_text(manifest: dict[str, Any], options: dict[str, Any]) -> str:
    rows, name = sum(entry["rows"] for entry in manifest["files"]), manifest["organization"]["name"]
    unsubscribed = sum(entry["rows"] for entry in manifest["files"] if entry["file"] == SUPPRESSIONS)
    keys = f" {KEYS.format(unsubscribed)}" if unsubscribed else ""
    if options["dry_run"]:
        return f"{rows:,} rows of {name} can be imported.{keys}"
    return f"Imported {rows:,} rows of {name}. Its open invitations are paused: send them again.{keys}"
