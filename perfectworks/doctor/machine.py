"""Examinations of the machine and of the settings."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.cache import caches

from core.logs import redact
from perfectworks.checks import LOCAL_MEMORY
from perfectworks.doctor.findings import Diagnosis, failure, ok, warning

GIGABYTE = 10**9
LITTLE, TOO_LITTLE = 2 * GIGABYTE, 0.2 * GIGABYTE
# Django's checks that name settings which follow from PUBLIC_BASE_URL and ALLAUTH_TRUSTED_PROXY_COUNT.
ABOUT_HTTPS = {"security.W004", "security.W008", "security.W012", "security.W016"}


def configuration() -> Iterator[Diagnosis]:
    """Say what Django's checks and our own find in the settings, also what matters only in production."""
    if settings.DEBUG:
        text = "The service is in development mode: known secrets, and pages that show all emails."
        yield failure(text, "Unset DEBUG on every machine that other people can reach.")
        return
    found = [one for one in checks.run_checks(include_deployment_checks=True) if _matters(one)]
    for message in found:
        if message.id not in ABOUT_HTTPS:
            make = failure if message.is_serious() else warning
            yield make(f"{message.msg}", message.hint or f"Look up {message.id}.")
    if any(message.id in ABOUT_HTTPS for message in found):
        yield _without_https()
    if not found:
        yield ok("The settings have no known mistake.")


def _matters(message: checks.CheckMessage) -> bool:
    return message.level >= checks.WARNING and not message.is_silenced()


def _without_https() -> Diagnosis:
    if settings.HTTPS:
        text = "http is not redirected to https, because ALLAUTH_TRUSTED_PROXY_COUNT is 0."
        return warning(text, "Set it to the number of proxies in front of the service.")
    text = "PUBLIC_BASE_URL begins with http: passwords, sessions and links are not encrypted on their way."
    return warning(text, "Put a proxy with TLS in front, and set PUBLIC_BASE_URL and ALLAUTH_TRUSTED_PROXY_COUNT.")


def cache() -> Iterator[Diagnosis]:
    """Say whether the cache works, which counts sign-ins for all web processes."""
    if settings.CACHES["default"]["BACKEND"] == LOCAL_MEMORY:
        yield ok("CACHE_URL is not set: each web process counts sign-ins for itself.")
        return
    try:
        caches["default"].set("doctor", 1, timeout=1)  # a replica and a full Redis refuse only to write
    except Exception as error:  # of the client of the cache, which is imported only if there is one
        text = f"The cache cannot count, so nobody can sign in: {redact(str(error)) or type(error).__name__}"
        yield failure(text, "Start it, and compare CACHE_URL with its address and password.")
    else:
        yield ok("The cache in CACHE_URL answers.")


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
