"""The base of all factories."""

from typing import Any, TypeVar

from django.db.models import Model
from factory.django import DjangoModelFactory

from core.compiled_inserts import insert

Row = TypeVar("Row", bound=Model)


class ModelFactory(DjangoModelFactory[Row]):
    """A factory that inserts with the compiled statement of its model, which takes half of the time of `save`."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Row], *args: Any, **values: Any) -> Row:
        row = model_class(*args, **values)
        insert(row)
        return row
