"""Test that all files, settings and sections that the documentation mentions exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import load_command_class

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OURS = "accounts|core|docs|events|invitations|orgs|perfectworks|templates|tests|webhooks"
PATH = re.compile(rf"`((?:{OURS})/[\w./-]*)[`:]")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
VARIABLE = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
# Settings of the database's connections and of gunicorn, which are not Django settings.
NOT_IN_DJANGO = {"DATABASE_POOL_SIZE", "DATABASE_PREPARED_STATEMENTS", "WEB_CONCURRENCY", "WEB_THREADS"}


def identifiers(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


def anchors(document: Path) -> set[str]:
    """Return the anchors that sites such as GitHub generate for the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES, ids=identifiers(PAGES))
def test_every_path_exists(document: Path):
    assert [path for path in PATH.findall(document.read_text()) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", PAGES, ids=identifiers(PAGES))
def test_every_link_leads_somewhere(document: Path):
    for target, anchor in LINK.findall(document.read_text()):
        found = (document.parent / target).resolve() if target else document
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), f"{target}#{anchor}"


def test_each_decision_has_a_number_of_its_own():
    numbers = [page.name.partition("-")[0] for page in ROOT.glob("docs/decisions/*.md")]

    assert [number for number in numbers if numbers.count(number) > 1] == []


def test_every_variable_of_the_environment_is_listed():
    sources = [ROOT / "perfectworks" / "settings.py", ROOT / "gunicorn.conf.py", ROOT / "perfectworks" / "checks.py"]
    read = {
        name
        for source in sources
        for name in re.findall(r"(?:env\.\w+|environ\.get)\(\s*\"([A-Z_]+)\"", source.read_text())
    }
    compose = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))

    assert set(VARIABLE.findall((ROOT / ".env.example").read_text())) == read | compose


def test_every_default_is_the_listed_one():
    listed = dict(re.findall(r"^([A-Z_]+)=(\d+)$", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert {name: str(getattr(settings, name)) for name in listed.keys() - NOT_IN_DJANGO} == {
        name: value for name, value in listed.items() if name not in NOT_IN_DJANGO
    }


def test_each_listed_command_exists_and_prints_json():
    section = (ROOT / "docs" / "operations.md").read_text().split("\n| command |")[1].split("\n## ")[0]
    names = re.findall(r"^\| `(\w+)", section, re.MULTILINE)
    assert len(names) > 10
    for name in names:
        options = load_command_class("perfectworks", name).create_parser("manage.py", name).format_help()
        assert "--json" in options, name
