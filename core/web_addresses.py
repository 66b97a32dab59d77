"""The validation of web addresses, shared by model columns and APIs."""

from collections.abc import Callable
from typing import Any

from django.core.validators import RegexValidator, URLValidator
from django.db import models

from core.text import validate_plain_text

MAX_LENGTH = 2048
# Django's validator allows spaces outside of ASCII in the host.
no_space = RegexValidator(r"\s", URLValidator.message, inverse_match=True)
VALIDATORS: list[Callable[[Any], None]] = [URLValidator(schemes=["http", "https"]), no_space, validate_plain_text]


class WebAddressField(models.URLField):
    """An http or https URL. An empty string means that there is no URL."""

    default_validators = VALIDATORS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_length": MAX_LENGTH, "blank": True})

    def deconstruct(self) -> Any:
        """Appear as a plain URLField in migrations, so that a change of the validators needs no migration."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs
