"""Names that are unique regardless of letter case, on every database."""

from typing import Any
from unicodedata import normalize

from django.db import models


class FoldedNameField(models.CharField):
    """The ``name`` of the row without differences of letter case. A constraint on it is the same on every database."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "max_length": 192, "editable": False})  # folding can triple the length

    def pre_save(self, model_instance: Any, add: bool) -> str:
        """Return the folded name, also for changes that save only the name."""
        value = fold_name(model_instance.name)
        setattr(model_instance, self.attname, value)
        return value


def fold_name(name: str) -> str:
    """Return the same text for names that differ only in letter case or in how Unicode composes letters."""
    return normalize("NFC", normalize("NFC", name).casefold())
