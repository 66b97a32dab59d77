"""The fields an exception complains of: nested validation errors as dotted names and their messages."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from core.errors import DomainError

from .names import AsSent

OF_THE_WHOLE = {NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY}
WHOLE = ""


def fields_of(exc: BaseException) -> dict[str, list[str]]:
    """Name the faulty fields: `{"owner.name": ["..."], "items.0": ["..."]}`. Empty when no field is to blame."""
    return {name: messages for name, messages in complaints(exc).items() if name != WHOLE}


def general_message_of(exc: BaseException) -> str:
    """What an exception says of the input as a whole; empty when it only speaks of fields."""
    return " ".join(complaints(exc).get(WHOLE, []))


def complaints(exc: BaseException) -> dict[str, list[str]]:
    """Every message of an exception by the dotted name it is about."""
    if isinstance(exc, DomainError):
        return {name: list(messages) for name, messages in exc.fields.items()}
    if isinstance(exc, ValidationError):
        return gathered(exc.detail)
    if isinstance(exc, DjangoValidationError):
        return gathered(exc.message_dict if hasattr(exc, "error_dict") else exc.messages)
    return {}


def gathered(detail: Any) -> dict[str, list[str]]:
    """Collect nested errors by their dotted names."""
    found: dict[str, list[str]] = {}
    for name, message in flattened(detail, WHOLE):
        found.setdefault(name, []).append(message)
    return found


def flattened(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    """Walk nested errors; what concerns a whole object is said of the object's own path."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flattened(inner, path if name in OF_THE_WHOLE else joined(path, name))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            yield from flattened(inner, joined(path, index) if isinstance(inner, dict | list) else path)
    else:
        yield path, str(detail)


def joined(path: str, name: str | int) -> str:
    """Continue a dotted name; one that ends as the client sent it stays as it is."""
    dotted = f"{path}.{name}" if path else str(name)
    return AsSent(dotted) if isinstance(name, AsSent) else dotted
