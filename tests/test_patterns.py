"""Test that no pattern of the project takes more than linear time, whatever text it reads.

The test compares the CPU times of a short and a long text, because Python does not count the steps of a pattern.
"""

import ast
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from core.addresses import normalize_address
from core.emails import one_line, visible_lines
from core.logs import SECRETS, redact
from core.text import validate_plain_text
from tests.support.packages import PACKAGES

Match = Callable[[str], object]
Patterns = dict[str, tuple[re.Pattern[str], Match]]  # by their texts, with the method that the code calls
STARTING = {"perfectworks.wsgi"}  # checks the database when it is imported
SHORT, LONG = 2048, 16_384
NOISE = 0.02  # seconds; linear patterns take a fraction of it
# Repeated texts that make backtracking expensive. The test adds the words of each pattern, followed by each separator.
UNITS = (*"a0A-_.:;/@=&?+'\" \t\n", "a-", "a.", "a_", "1a", "a@", "a:b", "a=b", "..", "a b", "é-", "\U0001f600")
SEPARATORS = ("", "-", ".", "=", '="', "='", ":", "://", ": ", " ", "\n", "@", "a-", "a.a-")


def found_in(value: object, name: str = "", depth: int = 3) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns that a value is or contains, each with the name of its variable."""
    if isinstance(value, re.Pattern):
        yield name, as_text(value)
    elif isinstance(value, RegexValidator):
        yield name, re.compile(value.regex)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        yield from chain.from_iterable(found_in(item, name, depth - 1) for item in value)
    elif depth and isinstance(value, dict):
        yield from chain.from_iterable(found_in(item, str(key), depth - 1) for key, item in value.items())
    elif depth and isinstance(value, type) and value.__module__.partition(".")[0] in PACKAGES:
        yield from found_in(dict(vars(value)), name, depth)


def as_text(pattern: re.Pattern[Any]) -> re.Pattern[str]:
    """Return a pattern of bytes as the same pattern of characters."""
    if isinstance(pattern.pattern, str):
        return pattern
    return re.compile(pattern.pattern.decode("latin-1"), re.ASCII | (pattern.flags & ~re.UNICODE))


def named_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns in modules and classes."""
    for package in map(import_module, PACKAGES):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and module.name not in STARTING:
                yield from found_in(dict(vars(import_module(module.name))))


def syntax_nodes() -> list[ast.AST]:
    """Return all nodes of the syntax trees of the code."""
    paths = chain.from_iterable(sorted(Path(settings.BASE_DIR, package).rglob("*.py")) for package in PACKAGES)
    return [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]


def inline_patterns(nodes: list[ast.AST]) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns that calls such as `re.sub(r"…")` contain."""
    for node in nodes:
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[ast.Constant(value=str(text)), *_]
            ):
                if name != "compile":
                    yield name, re.compile(text)


def uses_of_names(nodes: list[ast.AST]) -> dict[str, set[str]]:
    """Return the methods that the code calls on each name. A name passed as `pattern=` is matched as a whole."""
    uses: dict[str, set[str]] = {}
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=method):
                uses.setdefault(name, set()).add(method)
            case ast.keyword(arg="pattern", value=ast.Name(id=name)):
                uses.setdefault(name, set()).add("fullmatch")
    return uses


def matched(called: set[str], pattern: re.Pattern[str]) -> Match:
    """Return the method that the code calls on the pattern, else `split`, which looks everywhere in the text."""
    called = called - {"pattern", "flags"}
    return getattr(pattern, called.pop() if called in ({"fullmatch"}, {"match"}) else "split")


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    """Return each pattern of the code."""
    return find_patterns()


def find_patterns() -> Patterns:
    """Return each pattern of the code by its text, with the method that the code calls on it."""
    nodes = syntax_nodes()
    uses = uses_of_names(nodes)
    found = chain(inline_patterns(nodes), named_patterns())
    return {pattern.pattern: (pattern, matched(uses.get(name, set()), pattern)) for name, pattern in found}


def hostile_units(pattern: str) -> Iterator[str]:
    yield from UNITS
    for word in sorted(set(re.findall(r"(?<![\\A-Za-z])[A-Za-z]{2,}", pattern))):
        yield from (word + separator for separator in SEPARATORS)


def seconds(match: Match, text: str, *, runs: int = 1) -> float:
    """Return the CPU time of this thread, so that other processes do not count."""
    times = []
    for _ in range(runs):
        start = time.thread_time()
        match(text)
        times.append(time.thread_time() - start)
    return min(times)


def is_linear(match: Match, unit: str) -> bool:
    """Return whether a text that is eight times as long takes about eight times as long."""

    def repeated(length: int) -> str:
        return (unit * length)[:length] + "\x00"

    # The short texts stop a pattern that takes exponential time.
    if any(seconds(match, repeated(length)) > NOISE for length in (16, 20, 24, SHORT)):
        return False
    if seconds(match, repeated(LONG)) < NOISE:
        return True
    limit = 3 * (LONG / SHORT) * seconds(match, repeated(SHORT), runs=3)
    # Two more runs, because the first may have been disturbed. A quadratic pattern needs no second look.
    return (long := seconds(match, repeated(LONG))) < limit or (
        long < 2 * limit and seconds(match, repeated(LONG), runs=2) < limit
    )


def test_patterns_of_every_kind_are_found(patterns: Patterns):
    assert {secret.pattern for secret in SECRETS} <= patterns.keys()
    assert r"\n{3,}" in patterns  # inside a function
    assert r"[\w.]*((:asc)|(:desc))?" in patterns  # in a class
    assert len(patterns) > 30


def test_every_pattern_takes_linear_time(patterns: Patterns):
    slow = {
        (text, unit)
        for text, (_, match) in patterns.items()
        for unit in hostile_units(text)
        if not is_linear(match, unit)
    }
    assert slow == set()


@pytest.mark.parametrize("quadratic", [r"\b[\w-]*token", r"[ \t]+\n", r"\b[a-z][\w+.-]*://", r"(a|a)*b", r"(?:a+)+b"])
def test_a_pattern_that_takes_longer_is_noticed(quadratic: str):
    assert not all(is_linear(re.compile(quadratic).split, unit) for unit in hostile_units(quadratic))


@pytest.mark.parametrize("function", [redact, normalize_address, one_line, visible_lines, validate_plain_text])
def test_a_function_that_reads_text_from_outside_takes_linear_time(function: Match):
    def call(text: str) -> None:
        for before in ("", "a@a"):
            with suppress(ValidationError):
                function(before + text)

    units = [*UNITS, "\u0315\u0300"]  # combining marks in the wrong order make Unicode normalization expensive
    assert [unit for unit in units if not is_linear(call, unit)] == []
