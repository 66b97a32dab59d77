"""Test that every requirement has a comment with its reason and is used.

Used means that our code imports it, that it is in INSTALLED_APPS, or that a recipe runs its command.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.packages import PACKAGES

ROOT = Path(__file__).parent.parent
FILES = ("requirements.in", "requirements-dev.in", "requirements-uv.in")
CODE = (*PACKAGES, "tests")
# Files that run commands.
RECIPES = ("Makefile", "Dockerfile", ".ci/run")
# Requirements that are not imported: for each, a file that uses it, and the text in that file that shows the use.
AT_WORK = {
    "pytest-cov": ("Makefile", "--cov"),
    "pytest-django": ("pyproject.toml", "DJANGO_SETTINGS_MODULE ="),
    "pytest-playwright": ("tests/conftest.py", "def browser_type_launch_args("),
    "pytest-xdist": ("Makefile", "-n $(WORKERS)"),
    "redis": (".env.example", "redis://"),
}
# The same for extras of requirements.
EXTRAS_AT_WORK = {
    ("django-allauth", "mfa"): ("perfectworks/settings.py", '"allauth.mfa"'),
    ("django-stubs", "compatible-mypy"): ("Makefile", "$(BIN)/mypy"),
    ("djangorestframework-stubs", "compatible-mypy"): ("Makefile", "$(BIN)/mypy"),
    ("psycopg", "binary"): ("Dockerfile", "slim"),  # the image has no libpq
    ("psycopg", "pool"): ("perfectworks/settings.py", '"pool"'),
    ("pyjwt", "crypto"): ("perfectworks/settings.py", "JWT_ISSUERS"),  # for RSA and EC signatures
}


def lines() -> list[tuple[Requirement, str]]:
    """Return each requirement and the comment with its reason."""
    found = []
    for file in FILES:
        before = ""
        for line in (ROOT / file).read_text().splitlines():
            required, _, reason = line.partition("#")
            if required.strip() and not required.startswith("-"):
                found.append((Requirement(required), reason.strip() or before))
            before = line.removeprefix("#").strip() if line.startswith("#") else ""
    return found


LINES = lines()
NAMES = [required.name.lower() for required, _ in LINES]


def sources() -> Iterator[Path]:
    yield from (ROOT / "manage.py", ROOT / "gunicorn.conf.py")
    for folder in CODE:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


def named_in(path: Path) -> Iterator[str]:
    """Return the modules that a file imports. In settings, include modules in strings, such as installed apps."""
    is_settings = path.name == "settings.py"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif is_settings and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def used_modules() -> set[str]:
    plugins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["plugins"]
    return {name.partition(".")[0] for path in sources() for name in named_in(path)} | {
        plugin.partition(".")[0] for plugin in plugins
    }


@pytest.fixture(scope="module")
def used() -> set[str]:
    return used_modules()


def test_each_import_is_required_by_name():
    """A package that is installed only because another one needs it can disappear with the next upgrade."""
    required = set().union(*(modules_of(name) for name in NAMES))
    imported = {name.partition(".")[0] for path in sources() for name in imports_of(path)}
    assert imported - required - set(sys.stdlib_module_names) - {*CODE} == set()


def imports_of(path: Path) -> Iterator[str]:
    """Return the modules that a file imports, except for annotations only and in environments of their own."""
    if path.is_relative_to(ROOT / "tests" / "clients"):
        return
    tree = ast.parse(path.read_text())
    for_types = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    left_out = {id(inner) for node in for_types for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in left_out:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and id(node) not in left_out:
            yield node.module


@cache
def distributions() -> dict[str, set[str]]:
    """Return the top-level modules of each distribution."""
    found: dict[str, set[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            found.setdefault(name.lower().replace("_", "-"), set()).add(module)
    return found


def modules_of(name: str) -> set[str]:
    """Return the top-level modules of a distribution."""
    return distributions().get(name.lower().replace("_", "-"), set())


def is_run(name: str) -> bool:
    """Return whether a file in `RECIPES` runs a command of the distribution."""
    commands = {entry.name for entry in metadata.distribution(name).entry_points if entry.group == "console_scripts"}
    commands |= {"ruff", "uv"} & {name}  # distributions that install binaries without entry points
    recipes = "".join((ROOT / recipe).read_text() for recipe in RECIPES)
    return any(re.search(rf'(?<![\w.-]){re.escape(command)}(?=[\s"])', recipes) for command in commands)


def says(file: str, words: str) -> bool:
    return words in (ROOT / file).read_text()


@pytest.mark.parametrize(("required", "reason"), LINES, ids=NAMES)
def test_each_line_has_a_reason(required: Requirement, reason: str):
    assert len(reason.split()) > 1


@pytest.mark.parametrize("name", NAMES)
def test_each_requirement_is_used(name: str, used: set[str]):
    is_used = bool(modules_of(name) & used) or is_run(name) or (name in AT_WORK and says(*AT_WORK[name]))
    assert is_used, f"nothing imports, installs or runs {name}"


@pytest.mark.parametrize(
    ("name", "extra"), [(line.name.lower(), extra) for line, _ in LINES for extra in sorted(line.extras)]
)
def test_each_extra_is_used(name: str, extra: str):
    assert says(*EXTRAS_AT_WORK[name, extra])


def test_the_lists_name_only_what_is_required():
    assert set(AT_WORK) <= set(NAMES)
    assert set(EXTRAS_AT_WORK) == {(line.name.lower(), extra) for line, _ in LINES for extra in line.extras}
