"""Password validators: breached passwords, and passwords that are derived from a word or a name in a simple way."""

import re
import unicodedata
from collections.abc import Set
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator, UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User

FEWEST_CHARACTERS = 5  # different ones
LONGEST_DECORATION = 7  # digits and signs around a word, such as the date in "summer01.2026"
SHORTEST_WORD = 3
LONGEST_CHECKED = 256  # a longer password is checked by its beginning

# Words that are guessed first here: the product, and what people take when a password expires.
CONTEXT_WORDS = """
    perfectworks perfect works organization invitation member account
    spring summer autumn winter season
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    fruehling frühling fruehjahr frühjahr sommer herbst jahreszeit
    januar februar maerz märz mai juni juli oktober dezember
    montag dienstag mittwoch donnerstag freitag samstag sonntag
    passwort kennwort willkommen geheim hallo anmeldung einladung organisation mitglied konto
""".split()  # noqa: SIM905 - a list literal would take a page
ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopüasdfghjklöäyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "01234567890",
)
SEQUENCES = (*ROWS, *(row[::-1] for row in ROWS))
LOOKALIKES = str.maketrans("@4831!0$57", "aabeiiosst")


# What the validators in ``settings.AUTH_PASSWORD_VALIDATORS`` ask, in one line below each field for a new password.
PASSWORD_RULES = gettext_lazy(
    "At least 8 characters, not only digits. Not your name, your address or a common password, even with digits added."
)


class OwnNameValidator(UserAttributeSimilarityValidator):
    """Refuse passwords that are similar to the user's name or address, or are a word of them with a year added."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError that names what the password is similar to."""
        super().validate(password, user)
        words = {name: words_in(str(getattr(user, name, None) or "")) for name in ("first_name", "last_name", "email")}
        if is_decorated_word(in_plain_form(password), {word for found in words.values() for word in found}):
            similar = next(name for name, found in words.items() if found)
            label = User._meta.get_field(similar).verbose_name  # type: ignore[union-attr]
            raise ValidationError(self.get_error_message(), code="password_too_similar", params={"verbose_name": label})


class GuessablePasswordValidator(CommonPasswordValidator):
    """Refuse passwords that attackers try first.

    Django's list has the 20,000 most common passwords of known breaches. Refused are also a listed password, the
    service's name, a season or a month with digits and signs around it, keyboard rows, and passwords of very few
    different characters. No kind of character is required, and each check takes linear time.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError if the password is easy to guess."""
        super().validate(password, user)
        plain = in_plain_form(password)
        known = {*CONTEXT_WORDS, *words_in(f"{settings.SERVICE_NAME} {settings.PUBLIC_HOST}")}
        if len(set(plain)) < FEWEST_CHARACTERS or is_decorated_word(plain, known, self.passwords):
            raise ValidationError(
                _("This password is easy to guess. Don't use a single word or name with digits or signs added."),
                code="password_too_common",
            )


def in_plain_form(password: str) -> str:
    """Return the beginning of the password in lower case and without the spaces."""
    return "".join(unicodedata.normalize("NFKC", password[:LONGEST_CHECKED]).casefold().split())


def is_decorated_word(plain: str, known: Set[str], listed: Set[str] = frozenset()) -> bool:
    """Return whether the text is a word with a few digits and signs before or after it.

    The word consists of words in ``known``, is in ``listed``, or is part of a keyboard row.
    """
    word = word_of(plain)
    if not known or len(plain) - len(word) > LONGEST_DECORATION or len(word) < SHORTEST_WORD:
        return False
    readings = {word, word.translate(LOOKALIKES), unrepeated(word)}
    return any(is_known_word(reading, known, listed) for reading in readings)


def is_known_word(word: str, known: Set[str], listed: Set[str]) -> bool:
    """Return whether little is left of the word without the words in ``known``, or the rest is in ``listed``."""
    rest = re.sub("|".join(map(re.escape, sorted(known, key=len, reverse=True))), "", word)
    return len(rest) < SHORTEST_WORD or rest in listed or any(word in row for row in SEQUENCES)


def word_of(plain: str) -> str:
    """Return the text without the digits, signs and spaces at its start and end."""
    letters = [index for index, character in enumerate(plain) if character.isalpha()]
    return plain[letters[0] : letters[-1] + 1] if letters else ""


def unrepeated(text: str) -> str:
    """Return the shortest text whose repetition is ``text``."""
    return text[: (text + text).find(text, 1)]


def words_in(text: str) -> list[str]:
    """Return the words of three letters or more, in lower case."""
    return [word for word in re.findall(r"[^\W\d_]+", text.casefold()) if len(word) >= SHORTEST_WORD]
