"""Read lists of addresses as people type and paste them.

`email.utils.getaddresses` is made for email headers: it knows neither semicolons nor lines, it reads the name in
``Lee, Carl <c@example.com>`` as an address, and its strict mode returns nothing at all if one address is wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.text import SPACE_AROUND

from .roles import is_role_word

# Each alternative looks ahead to its next delimiter only, so that reading takes linear time.
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|<(?P<address>[^<>]*)>|(?P<separator>[,;\t])|(?P<other>[^",;<\t]+|.)', re.DOTALL
)
BULLET = re.compile(r"\s*(?:[-*•–]|\d{1,5}[.)])\s+")
LETTER = re.compile(r"[^\W\d_]")
WORDS_OF_A_NAME = range(2, 6)


@dataclass
class Part:
    """What is between two separators: a text, and an address in angle brackets or none."""

    text: str = ""
    address: str | None = None

    @property
    def is_address(self) -> bool:
        """Return whether the part contains an address."""
        return self.address is not None or "@" in self.text


@dataclass
class Person:
    """One person in a list. ``more`` is what the line says in addition."""

    email: str
    name: str = ""
    role: str = ""
    more: list[str] = field(default_factory=list)


def people_in_text(text: str) -> Iterator[tuple[int, Person]]:
    """Yield the people of a text, each with the number of its line."""
    for number, line in enumerate(text.splitlines(), start=1):
        for person in people_in_parts(split_line(without_bullet(line))):
            yield number, person


def without_bullet(line: str) -> str:
    """Return the line without the bullet or number of a list item."""
    found = BULLET.match(line)
    return line[found.end() :] if found else line


def people_in_cells(cells: list[str]) -> list[Person]:
    """Return the people in the cells of one row of a table without a header."""
    return people_in_parts(
        [part for cell in cells if cell for part in (split_line(cell) if "<" in cell else [Part(cell)])]
    )


def split_line(line: str) -> list[Part]:
    """Return the parts of a line. Texts in quotation marks can contain separators."""
    parts: list[Part] = []
    texts: list[str] = []
    address: str | None = None
    for token in (*TOKEN.finditer(line), None):
        if token is None or token["separator"]:
            parts.append(Part(cleaned("".join(texts)), address))
            texts, address = [], None
        elif token["address"] is not None:
            address = cleaned(token["address"])
        else:
            texts.append(token["quoted"] or token["other"] or "")
    return [with_name(part) for part in several_in_one(parts) if part.text or part.address is not None]


def cleaned(text: str) -> str:
    """Return the text without spaces around it, escapes, and quotation marks that are not closed."""
    return text.replace("\\", "").replace('"', "").strip(SPACE_AROUND)


def several_in_one(parts: list[Part]) -> Iterator[Part]:
    """Yield the parts. If a part consists of several addresses with spaces between them, yield each as a part."""
    for part in parts:
        words = part.text.split()
        if part.address is None and len(words) > 1 and all("@" in word for word in words):
            yield from (Part(word) for word in words)
        else:
            yield part


def with_name(part: Part) -> Part:
    """Return the part. If it is a name of several words and an address after it, return it as ``Ann Lee <a@b.c>``.

    One word before an address can belong to it: ``ann lee@example.com`` is perhaps ``ann.lee@example.com``.
    """
    *name, last = part.text.split() or [""]
    is_name = len(name) in WORDS_OF_A_NAME and all(LETTER.match(word) and "@" not in word for word in name)
    return Part(" ".join(name), last) if part.address is None and is_name and "@" in last else part


def people_in_parts(parts: list[Part]) -> list[Person]:
    """Return the people of one line.

    A line with one address is about one person: the texts before and after it are the name or the role. In other lines,
    a text before an address in angle brackets belongs to its name (``Lee, Carl <c@example.com>``).
    """
    addresses = [place for place, part in enumerate(parts) if part.is_address]
    if len(addresses) == 1:
        [place] = addresses
        return [
            one_person([part.text for part in parts[:place]], parts[place], [part.text for part in parts[place + 1 :]])
        ]
    people, before = [], ""
    for part in parts:
        if part.address is not None and part.text:
            people.append(one_person([before] if before else [], part, []))
            before = ""
            continue
        if before:
            people.append(Person(before))
        before = "" if part.is_address else part.text
        if part.is_address:
            people.append(one_person([], part, []))
    return [*people, Person(before)] if before else people


def one_person(before: list[str], part: Part, after: list[str]) -> Person:
    """Return the person with this address. Texts before it are names; a text after it can be a name or a role."""
    own = part.text if part.address is not None else ""
    if "@" in own and own.lower() != (part.address or "").lower():  # two addresses: it is unclear which is meant
        return Person(f"{own} <{part.address}>", more=[*before, *after])
    names = [name for name in (*before, *([] if "@" in own else [own])) if LETTER.search(name)]
    person = Person(part.text.removeprefix("mailto:") if part.address is None else part.address)
    person.name = (", " if own else " ").join(names)
    for text in after:
        if is_role_word(text) and not person.role:
            person.role = text
        elif LETTER.search(text) and not person.name:
            person.name = text
        else:
            person.more.append(text)
    return person
