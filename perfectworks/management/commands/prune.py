"""``manage.py prune``: delete what is older than the settings keep."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import IO, Any, cast

from django.core.management.base import BaseCommand

from perfectworks.management.progress import Bar
from perfectworks.retention import RETENTIONS, Retention, delete_in_steps


class Command(BaseCommand):
    """Delete old rows."""

    help = (
        "Delete ended invitations, events, and webhooks and emails about accounts that are older than "
        "INVITATION_RETENTION_DAYS, EVENT_RETENTION_DAYS and DELIVERY_RETENTION_DAYS. The worker does the same once an "
        "hour. Organizations under a legal hold keep everything. The command can be "
        "stopped and run again at any time, because it deletes in short transactions."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--dry-run", action="store_true", help="Only count what would be deleted.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete or count, and print how many rows."""
        counts = {
            retention: _count(retention) if options["dry_run"] else self.delete(retention) for retention in RETENTIONS
        }
        as_json, dry_run = options["json"], options["dry_run"]
        self.stdout.write(_as_json(counts, dry_run=dry_run) if as_json else _as_text(counts, dry_run=dry_run))

    def delete(self, retention: Retention) -> int:
        """Delete the old rows of one kind. Return how many."""
        with Bar(cast("IO[str]", self.stderr), total=_count(retention)) as bar:
            return sum(bar.advance(found, text=retention.label, by=found) for found in delete_in_steps(retention))


def _count(retention: Retention) -> int:
    moment = retention.moment
    return 0 if moment is None else retention.count(moment)


def _as_json(counts: Mapping[Retention, int], *, dry_run: bool) -> str:
    deleted = {retention.name: {"days": retention.days or None, "rows": found} for retention, found in counts.items()}
    return json.dumps({"dryRun": dry_run, "deleted": deleted})


def _as_text(counts: Mapping[Retention, int], *, dry_run: bool) -> str:
    return "\n".join(_line(retention, found, dry_run=dry_run) for retention, found in counts.items())


def _line(retention: Retention, found: int, *, dry_run: bool) -> str:
    if not retention.days:
        return f"{retention.label}: kept, because {retention.setting} is 0"
    verb = "would be deleted" if dry_run else "deleted"
    return f"{retention.label}: {found:,} {verb} that are older than {retention.days} days"
