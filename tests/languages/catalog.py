"""Read the translatable texts from the code and the translations from the catalogs, without gettext."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from gettext import GNUTranslations
from itertools import chain
from pathlib import Path

import allauth
from django.conf import settings
from django.utils.translation.template import templatize

from tests.support.packages import PACKAGES

ROOT: Path = settings.BASE_DIR
CALLS = {"gettext", "gettext_lazy", "gettext_noop", "_", "ngettext", "ngettext_lazy"}
CALLS_WITH_CONTEXT = {"pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(gettext|ngettext|pgettext|npgettext|_)\(((?:{LITERAL})(?:, *{LITERAL})*)")

Key = tuple[str, str]  # a message's context and text


@dataclass
class Entry:
    """An entry of a .po file. `plural` may be empty. `translations` maps each plural form to its translation."""

    context: str = ""
    text: str = ""
    plural: str = ""
    translations: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def key(self) -> Key:
        return self.context, self.text


def texts_in_code() -> set[Key]:
    """Return every translatable text of our Python code and templates."""
    return texts_of([ROOT / app for app in PACKAGES], [ROOT / "templates"])


def texts_of_allauth() -> set[Key]:
    """Return the translatable texts of the django-allauth modules and templates that we use."""
    library = Path(allauth.__file__).parent
    packages = [library / "core", library / "account", library / "mfa"]
    return texts_of(packages, [library / "templates" / "account", library / "templates" / "mfa"])


def texts_of(packages: list[Path], templates: list[Path]) -> set[Key]:
    python = (texts_in_python(path) for package in packages for path in package.rglob("*.py"))
    files = [path for folder in templates for path in folder.rglob("*.*") if "phone" not in path.name]
    html = (texts_in_template(path) for path in files)
    return {*chain.from_iterable(python), *chain.from_iterable(html)}


def texts_in_python(path: Path) -> Iterator[Key]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args:
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from key_of(name, words)


def texts_in_template(path: Path) -> Iterator[Key]:
    for name, literals in CALL.findall(templatize(path.read_text(), origin=str(path))):
        yield from key_of(name, list(ast.literal_eval(f"({literals},)")))


def key_of(name: str, words: list[str]) -> Iterator[Key]:
    if name in CALLS and words:
        yield "", words[0]
    if name in CALLS_WITH_CONTEXT:
        yield words[0], words[1]


def read_po(path: Path) -> list[Entry]:
    """Return the entries of a .po file, without the header and obsolete entries."""
    blocks = [block for block in path.read_text().split("\n\n") if re.search(r"^msgid ", block, re.MULTILINE)]
    return [entry for entry in map(read_entry, blocks) if entry.text]


def read_entry(block: str) -> Entry:
    entry = Entry(fuzzy=bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE)))
    for keyword, index, literals in re.findall(r'^(msg\w+)(?:\[(\d)\])? ((?:".*"\n?)+)', block, re.MULTILINE):
        text = "".join(ast.literal_eval(line) for line in literals.splitlines())
        if keyword == "msgstr":
            entry.translations[int(index or 0)] = text
        else:
            setattr(entry, {"msgctxt": "context", "msgid": "text", "msgid_plural": "plural"}[keyword], text)
    return entry


def read_mo(path: Path) -> dict[tuple[Key, int], str]:
    """Return the translations of a .mo file by text and plural form."""
    with path.open("rb") as file:
        catalog: dict[str | tuple[str, int], str] = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {parts(name): translation for name, translation in catalog.items() if name}


def parts(name: str | tuple[str, int]) -> tuple[Key, int]:
    text, form = name if isinstance(name, tuple) else (name, 0)
    context, _, text = text.rpartition("\x04")
    return (context, text), form
