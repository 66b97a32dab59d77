"""``manage.py export_organization``: write one organization into a directory."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from orgs.models import Organization
from perfectworks.management.lookups import organization_named
from perfectworks.management.progress import Bar
from perfectworks.transfer.exporting import export_organization
from perfectworks.transfer.files import TransferRefused
from perfectworks.transfer.tables import TABLES


class Command(BaseCommand):
    """Export an organization."""

    help = (
        "Write an organization with its members, roles, invitations, emails and events into a new directory, as JSON "
        "Lines. The directory contains personal data and no secrets. Archive the organization first, so that nothing "
        "changes until it is imported elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the organization and the directory."""
        parser.add_argument("organization", help="The slug or the ID of the organization, which may be archived.")
        parser.add_argument("directory", type=Path, help="A new directory, which only you can read.")
        parser.add_argument("--json", action="store_true", help="Print the manifest.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and print how many rows there are. Raises CommandError."""
        organization = organization_named(options["organization"], Organization.objects.all())
        try:
            with Bar(cast("IO[str]", self.stderr), total=len(TABLES)) as bar:
                manifest = export_organization(
                    organization, options["directory"], on_table=lambda name: bar.advance(None, text=name)
                )
        except TransferRefused as error:
            raise CommandError(str(error)) from error
        rows = sum(entry["rows"] for entry in manifest["files"])
        text = f"Wrote {rows:,} rows of {organization.name} to {options['directory']}."
        self.stdout.write(json.dumps(manifest, ensure_ascii=False) if options["json"] else text)
        if not organization.is_archived:
            self.stderr.write(f"{organization.name} is not archived: what changes from now on is not in the export.")
