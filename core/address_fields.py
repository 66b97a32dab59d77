"""Columns of email addresses."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from core.addresses import MAX_LENGTH, STORED_PATTERN, Address, normalize_address


class AddressField(models.EmailField):
    """An email address in its normalized form. Values are ``Address`` objects. Other strings are normalized first."""

    if TYPE_CHECKING:
        _pyi_private_set_type: str
        _pyi_private_get_type: Address

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = MAX_LENGTH
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave ``max_length`` out of migrations, because it is fixed."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Address | None:
        """Return the stored value, which is normalized already, as an ``Address``."""
        return None if value is None else Address(value)

    def to_python(self, value: Any) -> Any:
        """Return the normalized address. Raises ValidationError if it is not valid."""
        if not value or isinstance(value, Address):
            return value
        return normalize_address(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Normalize the value before it is saved. Raises ValidationError if it is not valid.

        Store an empty string as NULL, because the column is unique and several users may have no address.
        """
        value = self.to_python(getattr(model_instance, self.attname)) or None
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Normalize the value of a lookup. Leave an invalid value unchanged, because it matches no row."""
        try:
            return self.to_python(value)
        except ValidationError:
            return value


def normalized_address_check(field: str, name: str) -> models.CheckConstraint:
    """Return the constraint that a column contains only normalized addresses. Every column of addresses has one."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__regex": STORED_PATTERN}), name=name)
