"""Natural keys of base classes that our models must not use."""

from typing import Any


class NoNaturalKey:
    """Hides the method `natural_key` of a base class.

    `dumpdata --natural-primary` leaves out the primary key of models with a natural key. Other rows and events refer to
    that primary key, so a restored copy would not fit together, and an address can be null.
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        """Raise AttributeError, so that Django finds no natural key."""
        raise AttributeError("natural_key")
