"""Test that docs/asvs.md has each requirement once, and names only tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| ([0-9., ]+) \| (met|not met|operator|does not apply) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ROWS = ROW.findall((ROOT / "docs" / "asvs.md").read_text())


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def requirements() -> list[str]:
    """Return the requirements of levels 1 and 2, in order."""
    lines = (ROOT / "tests" / "asvs_requirements.txt").read_text().splitlines()[1:]
    sections = (line.split(": ") for line in lines)
    return [f"{section}.{number}" for section, numbers in sections for number in numbers.split()]


def test_each_requirement_of_levels_1_and_2_is_in_one_row() -> None:
    listed = [requirement for numbers, _, _ in ROWS for requirement in numbers.split(", ")]
    assert sorted(listed) == sorted(requirements())
    assert len(listed) == 253


def test_each_named_test_exists() -> None:
    named = [(path, name) for _, _, text in ROWS for path, name in TEST.findall(text)]
    assert len(named) > 100
    assert [(path, name) for path, name in named if name and name not in functions_of(path)] == []
    assert [path for path, _ in named if not (ROOT / path).exists()] == []


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    states = {"met": "are met", "not met": "are not met", "operator": "depend on the operator"}
    states["does not apply"] = "do not apply"
    text = (ROOT / "docs" / "asvs.md").read_text()
    for state, words in states.items():
        count = sum(len(numbers.split(", ")) for numbers, found, _ in ROWS if found == state)
        assert re.findall(rf"(\d+) {words}", text) == [str(count)]
