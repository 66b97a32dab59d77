"""``manage.py doctor``: look for what goes wrong in practice, and say what to do."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from perfectworks.doctor.database import clock, connections, database, migrations
from perfectworks.doctor.deliveries import mail_server, queues, send_test_email, worker
from perfectworks.doctor.findings import Diagnosis, Examination, NamedDiagnosis, Severity, examine
from perfectworks.doctor.machine import cache, configuration, disk
from perfectworks.doctor.public_url import public_url
from perfectworks.doctor.sender_domain import sender_domain
from perfectworks.management.lookups import read_address
from perfectworks.management.progress import Bar

EXAMINATIONS: dict[str, Examination] = {
    "database": database,
    "migrations": migrations,
    "connections": connections,
    "clock": clock,
    "cache": cache,
    "settings": configuration,
    "disk": disk,
    "worker": worker,
    "queues": queues,
    "mail-server": mail_server,
    "sender-domain": lambda: sender_domain([]),
    "public-url": public_url,
}
NEED_DATABASE = {"migrations", "connections", "clock", "worker", "queues"}


class Command(BaseCommand):
    """Examine the service. Changes nothing."""

    help = (
        "Look for what goes wrong in practice: the database, its clock and connections, migrations, Redis, settings, "
        "disk, worker, queues, mail server, the records of the From domain, and the proxy. Says what to do. Changes "
        "nothing. Exits with 1 if it finds a failure."
    )
    requires_system_checks = []  # it runs also if the database does not answer

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")
        parser.add_argument("--only", action="append", choices=list(EXAMINATIONS), help="Only this one. Repeatable.")
        parser.add_argument("--send-to", metavar="ADDRESS", help="Also send a test email to this address.")
        parser.add_argument(
            "--dkim-selector", action="append", default=[], metavar="NAME", help="Look up this DKIM key. Repeatable."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine, and print the findings. Raises CommandError if one is a failure."""
        wanted = options["only"] or EXAMINATIONS
        examinations = {name: one for name, one in EXAMINATIONS.items() if name in wanted}
        if "sender-domain" in examinations:
            examinations["sender-domain"] = lambda: sender_domain(options["dkim_selector"])
        if options["send_to"]:
            address = read_address(options["send_to"])
            examinations["test-email"] = lambda: [send_test_email(address)]
        with Bar(cast("IO[str]", self.stderr), total=len(examinations)) as bar:
            shown = {name: _shown(bar, name, one) for name, one in examinations.items()}
            found = list(examine(shown, NEED_DATABASE))
        self.stdout.write(diagnoses_as_json(found) if options["json"] else diagnoses_as_text(found))
        failures = sum(one.diagnosis.level == Severity.FAILURE for one in found)
        if failures:
            raise CommandError(f"Failures: {failures}.")


def _shown(bar: Bar, name: str, examination: Examination) -> Examination:
    """Return the examination, which shows on the bar that it runs. Some wait for other hosts."""

    def run() -> list[Diagnosis]:
        bar.advance(None, text=name, by=0)
        return bar.advance([*examination()], text=name)

    return run


def diagnoses_as_json(found: Iterable[NamedDiagnosis]) -> str:
    """Return the findings for programs."""
    return json.dumps(
        [
            {
                "examination": one.examination,
                "level": one.diagnosis.level,
                "text": one.diagnosis.text,
                "advice": one.diagnosis.advice,
            }
            for one in found
        ],
        ensure_ascii=False,
    )


def diagnoses_as_text(found: Iterable[NamedDiagnosis]) -> str:
    """Return the findings for people."""
    return "\n".join(
        f"{one.diagnosis.level:<8} {one.examination:<14} {one.diagnosis.text}"
        + (f"\n{'':<24}{one.diagnosis.advice}" if one.diagnosis.advice else "")
        for one in found
    )
