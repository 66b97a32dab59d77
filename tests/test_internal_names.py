"""Test that ``docs/internal-names.md`` lists exactly the internal library names in our code, and that they exist."""

import ast
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement

from tests.support.packages import PACKAGES

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| `([\w.]+)` \| (?:`([\w, ]+)`|(attribute|none)) \| (.+) \|$", re.MULTILINE)
# Public library names that begin with an underscore.
PUBLIC = {"_meta", "_default_manager", "_base_manager", "_db", "_state", "_replace", "_exit"}


class Part(NamedTuple):
    """A private name of a library. `parameters` is None if the name is not a function."""

    name: str
    parameters: list[str] | None

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


def listed() -> list[Part]:
    rows = ROW.findall((ROOT / "docs" / "internal-names.md").read_text())
    return [
        Part(name, None if kind == "attribute" else [one for one in parameters.split(", ") if one])
        for name, parameters, kind, _ in rows
    ]


LISTED = listed()


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


# Find the internal names in the code


def sources() -> Iterator[Path]:
    for folder in (*PACKAGES, "tests"):
        yield from (path for path in (ROOT / folder).rglob("*.py") if not {"clients", "migrations"} & {*path.parts})


def names_of_our_own(trees: list[ast.AST]) -> set[str]:
    """Return the private names that our code defines."""
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found |= {node.attr} if isinstance(node.value, ast.Name) and node.value.id == "self" else set()
    return found


def used_by_name(trees: list[ast.AST]) -> set[str]:
    """Return the private attributes that our code uses but does not define, and private methods called on `super()`."""
    own = names_of_our_own(trees) | PUBLIC
    return {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_private(node.attr) and (node.attr not in own or is_super(node.value))
    }


def is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def imported(trees: list[ast.AST]) -> set[str]:
    """Return the private library modules and names that our code imports."""
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.partition(".")[0] not in (*PACKAGES, "tests")
        ):
            hidden = any(is_private(part) or part == "internal" for part in node.module.split("."))
            found |= {f"{node.module}.{one.name}" for one in node.names if hidden or is_private(one.name)}
            found |= {f"{node.module}.internal" for one in node.names if one.name == "internal"}
        elif isinstance(node, ast.Import):
            names = {one.name for one in node.names}
            found |= {name for name in names if any(is_private(p) or p == "internal" for p in name.split("."))}
    return found


def modules() -> Iterator[ModuleType]:
    for root in PACKAGES:
        package = import_module(root)
        for found in pkgutil.walk_packages(package.__path__, f"{root}."):
            if ".migrations" not in found.name and not found.name.endswith(("wsgi", "development")):
                yield import_module(found.name)


def overridden() -> set[str]:
    """Return the private methods of library classes that our classes override, and constructors that they replace."""
    return {
        f"{base.__module__}.{base.__qualname__}.{name}"
        for module in modules()
        for cls in vars(module).values()
        if inspect.isclass(cls) and cls.__module__ == module.__name__
        for name, value in vars(cls).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
        if is_private(name) or is_bypassed(name, value)
        for base in cls.__mro__[1:]
        if name in vars(base) and base.__module__.partition(".")[0] not in (*PACKAGES, "builtins")
    }


def is_bypassed(name: str, value: FunctionType) -> bool:
    """Return whether a method replaces the constructor of its base class without calling it."""
    is_written = value.__code__.co_filename != "<string>"  # the constructor of a dataclass is not
    return name == "__init__" and is_written and "__init__" not in value.__code__.co_names


@pytest.fixture(scope="module")
def trees() -> list[ast.AST]:
    return [ast.parse(path.read_text()) for path in sources()]


# Tests


@pytest.mark.parametrize("part", LISTED, ids=[part.name for part in LISTED])
def test_a_listed_part_still_exists(part: Part):
    owner = resolved(part.name.rpartition(".")[0])

    if part.parameters is None and not hasattr(owner, part.last):
        assert re.search(rf"\b(self|request)\.{part.last}\b", inspect.getsource(owner))
    elif part.parameters is not None:
        assert [*inspect.signature(getattr(owner, part.last)).parameters] == part.parameters


def resolved(name: str) -> Any:
    """Return the module with this dotted name, or the class if the name is that of a class."""
    if name in sys.modules:
        return sys.modules[name]
    try:
        return import_module(name)
    except ModuleNotFoundError:
        within, _, last = name.rpartition(".")
        return getattr(resolved(within), last)


def test_every_private_part_that_is_used_is_listed(trees: list[ast.AST]):
    whole, last = {part.name for part in LISTED}, {part.last for part in LISTED}

    assert ((imported(trees) | overridden()) - whole) | (used_by_name(trees) - last) == set()


def test_every_listed_part_is_used(trees: list[ast.AST]):
    used = imported(trees) | overridden()
    by_name = used_by_name(trees)

    assert [part.name for part in LISTED if part.name not in used and part.last not in by_name] == []


def test_each_library_of_the_list_has_an_upper_bound():
    files = (ROOT / "requirements.in", ROOT / "requirements-dev.in")
    lines = [line.partition("#")[0] for file in files for line in file.read_text().splitlines()]
    lines = [line for line in lines if not line.startswith("-")]
    bounded = {
        required.name.lower().replace("_", "-")
        for required in map(Requirement, filter(str.strip, lines))
        if any(bound.operator in ("<", "<=", "==", "~=") for bound in required.specifier)
    }
    roots = {part.name.partition(".")[0] for part in LISTED} - set(sys.stdlib_module_names)
    packages = {
        root: {one.lower().replace("_", "-") for one in found}
        for root, found in metadata.packages_distributions().items()
    }

    assert {root for root in roots if not packages[root] & bounded} == set()
