"""Test that only the dialects contain the names of vendors."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from perfectworks.urls import DIALECTS

VENDORS = re.compile("|".join([*DIALECTS, r"platform[._]?sh"]), re.IGNORECASE)
THE_MAP = "perfectworks/urls.py"
DEMONSTRATION = "perfectworks/management/commands/demo.py"  # it prints an example request for each dialect
ASK_EVERY_DIALECT = ("bench", "tests")


def modules() -> Iterator[tuple[str, str]]:
    """Yield the path and source of each module outside the dialects. Skip modules that must name vendors."""
    root = Path(settings.BASE_DIR)
    packages = sorted(path.parent for path in root.glob("*/__init__.py"))
    for package in (package for package in packages if package.name not in ASK_EVERY_DIALECT):
        for path in sorted(package.rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if "dialects" not in path.parts and name not in (THE_MAP, DEMONSTRATION):
                yield name, path.read_text()


def test_the_modules_are_found():
    assert {"accounts/models.py", "orgs/models.py", "invitations/models.py", "events/models.py"} <= dict(
        modules()
    ).keys()


def test_the_urlconf_would_be_detected():
    source = (Path(settings.BASE_DIR) / THE_MAP).read_text()
    assert {found.lower() for found in VENDORS.findall(source)} == set(DIALECTS)


def test_only_the_dialects_name_vendors():
    named = [
        f"{name}:{number}: {line.strip()}"
        for name, source in modules()
        for number, line in enumerate(source.splitlines(), start=1)
        if VENDORS.search(line)
    ]
    assert named == []
