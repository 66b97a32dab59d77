"""Examinations of the machine and of the settings."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks

from perfectworks.doctor.findings import Diagnosis, failure, ok, warning

GIGABYTE = 10**9
# What Django finds if PUBLIC_BASE_URL is http: no HSTS, no redirect, and cookies that http may carry.
BECAUSE_OF_HTTP = {"security.W004", "security.W008", "security.W012", "security.W016"}
ADVICE = {
    "security.W008": "Set ALLAUTH_TRUSTED_PROXY_COUNT to the number of proxies, and let them set X-Forwarded-Proto."
}
LITTLE, TOO_LITTLE = 2 * GIGABYTE, 0.2 * GIGABYTE


def configuration() -> Iterator[Diagnosis]:
    """Say what Django's checks and our own find in the settings, also what matters only in production."""
    if settings.DEBUG:
        text = "The service is in development mode: known secrets, and pages that show all emails."
        yield failure(text, "Unset DEBUG on every machine that other people can reach.")
        return
    found = checks.run_checks(include_deployment_checks=True)
    if not settings.HTTPS:
        found = [message for message in found if message.id not in BECAUSE_OF_HTTP]
        text = "PUBLIC_BASE_URL is http: passwords and links of invitations go through the network without encryption."
        yield warning(text, "Put a proxy with TLS in front, and set PUBLIC_BASE_URL to the https URL.")
    for message in found:
        if message.level >= checks.WARNING and not message.is_silenced():
            make = failure if message.is_serious() else warning
            yield make(f"{message.msg}", message.hint or ADVICE.get(message.id or "", f"Look up {message.id}."))
    if not found and settings.HTTPS:
        yield ok("The settings have no known mistake.")


def disk() -> Iterator[Diagnosis]:
    """Say how much space is left where this process writes."""
    for folder in dict.fromkeys([Path(settings.VAR_DIR), Path(tempfile.gettempdir())]):
        if folder.is_dir():
            yield compare_space(folder, shutil.disk_usage(folder).free)


def compare_space(folder: Path, free: int) -> Diagnosis:
    """Say whether this is enough."""
    text = f"{free / GIGABYTE:.1f} GB are free in {folder}."
    advice = (
        "Free some space. SQLite, copies of emails and uploads need it. The disk of the PostgreSQL server is another."
    )
    if free < TOO_LITTLE:
        return failure(text, advice)
    return warning(text, advice) if free < LITTLE else ok(text)
