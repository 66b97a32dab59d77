"""``manage.py verify``: check what must always be true of the data."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from core.invariants import Finding, all_invariants
from perfectworks.management.progress import Bar


class Command(BaseCommand):
    """Check each invariant and say how many rows violate it."""

    help = (
        "Check what must always be true of the data, such as that each organization has an owner. Changes nothing, and "
        "can run while the service runs. Exits with 1 if a row violates an invariant."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``."""
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and print the results. Raises CommandError if a row violates an invariant."""
        invariants = all_invariants()
        with Bar(cast("IO[str]", self.stderr), total=len(invariants)) as bar:
            findings = [bar.advance(one.check(), text=one.statement) for one in invariants]
        self.stdout.write(_as_json(findings) if options["json"] else _as_text(findings))
        violations = sum(finding.count for finding in findings)
        if violations:
            raise CommandError(f"{violations:,} rows violate an invariant.")


def _as_json(findings: Iterable[Finding]) -> str:
    rows = [
        {
            "name": finding.invariant.name,
            "statement": finding.invariant.statement,
            "violations": finding.count,
            "examples": finding.examples,
        }
        for finding in findings
    ]
    return json.dumps({"violations": sum(finding.count for finding in findings), "invariants": rows})


def _as_text(findings: Sequence[Finding]) -> str:
    lines = [f"{finding.count:>9,}  {finding.invariant.statement}{_examples(finding)}" for finding in findings]
    violated = sum(1 for finding in findings if finding.count)
    return "\n".join([*lines, f"{violated} of {len(lines)} invariants are violated."])


def _examples(finding: Finding) -> str:
    return f"\n           {finding.invariant.name}: {', '.join(finding.examples)}" if finding.count else ""
