"""``manage.py rotate_keys``: encrypt what is stored with the newest key."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from accounts.actions.encryption import SESSIONS, TWO_FACTOR
from core.reencryption import Reencrypted, Reencryption
from perfectworks.management.progress import Bar
from webhooks.actions.encryption import WEBHOOKS

REENCRYPTIONS = (TWO_FACTOR, WEBHOOKS, SESSIONS)
Results = Mapping[Reencryption, Reencrypted]


class Command(BaseCommand):
    """Encrypt stored secrets and sessions with the first key."""

    help = (
        "Encrypt stored secrets and the contents of sessions with the first key in ENCRYPTION_KEYS. After that, older "
        "keys can be removed from ENCRYPTION_KEYS. The service can run meanwhile, and the command can be stopped and "
        "run again. Exits with 1 if a secret cannot be decrypted with any key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``."""
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Encrypt, and print how many rows. Raises CommandError if a secret is not readable."""
        results = {each: self.reencrypt(each) for each in REENCRYPTIONS}
        self.stdout.write(_as_json(results) if options["json"] else _as_text(results))
        if any(result.unreadable for each, result in results.items() if each.is_lost_without_key):
            raise CommandError("No key in ENCRYPTION_KEYS decrypts some of the secrets. Add the former key back.")

    def reencrypt(self, each: Reencryption) -> Reencrypted:
        """Encrypt the rows of one kind."""
        result = Reencrypted()
        with Bar(cast("IO[str]", self.stderr), total=each.rows().count()) as bar:
            for step in each.in_steps():
                result = bar.advance(result + step, text=each.label, by=sum(step.counts()))
        return result


def _as_json(results: Results) -> str:
    return json.dumps({each.name: result.as_dict() for each, result in results.items()})


def _as_text(results: Results) -> str:
    return "\n".join(
        f"{each.label}: {result.changed:,} encrypted with the first key, {result.unchanged:,} were already, "
        f"{result.unreadable:,} are not readable"
        for each, result in results.items()
    )
