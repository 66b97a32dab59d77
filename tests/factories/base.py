"""The base of all factories."""

from typing import Any, TypeVar

import factory
from django.db.models import AutoField, Model
from factory.django import DjangoModelFactory

from core.compiled_inserts import insert

Row = TypeVar("Row", bound=Model)


class Trait(factory.Trait):
    """A trait that is declared to be off. Each look of factory_boy at an undeclared one raises an expensive error."""

    def as_declarations(self, field_name: str, declarations: dict[str, Any]) -> dict[str, Any]:
        off = {} if field_name in declarations else {field_name: False}
        return off | super().as_declarations(field_name, declarations)


class ModelFactory(DjangoModelFactory[Row]):
    """A factory that inserts with the compiled statement of its model, which takes half of the time of `save`.

    Django inserts the rows to which the database gives a number as their id.
    """

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Row], *args: Any, **values: Any) -> Row:
        if isinstance(model_class._meta.pk, AutoField):
            return super()._create(model_class, *args, **values)
        row = model_class(*args, **values)
        insert(row)
        return row
