"""Test that public names are unique, and that names that only one module uses begin with an underscore."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

# Django requires these class names, so several modules define them.
ALLOWED = {"Command", "EmailBackend"}
OTHER_PROJECTS = ("bench", "tests")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield the path and syntax tree of each module. Skip migrations and dialects, which are separate namespaces."""
    root = Path(settings.BASE_DIR)
    for package in sorted(path.parent for path in root.glob("*/__init__.py")):
        for path in sorted(package.rglob("*.py")):
            if package.name not in OTHER_PROJECTS and not {"migrations", "dialects"} & set(path.parts):
                yield path.relative_to(root).as_posix(), ast.parse(path.read_text())


def definitions() -> dict[str, list[str]]:
    """Map the name of each public class and function to the paths of the modules that define it."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, module in modules():
        for node in module.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    return places


def test_every_module_is_looked_at():
    places = definitions()
    assert places["Organization"] == ["orgs/models.py"]
    assert len(places["Command"]) > 1


def test_names_are_unique():
    clashes = {name: paths for name, paths in definitions().items() if len(paths) > 1 and name not in ALLOWED}
    assert clashes == {}
