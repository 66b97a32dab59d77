"""The numbers on the start page of the admin. Each one counts the rows of a list and links to that list.

The apps that own the rows declare their numbers in ``admin_numbers.py``; ``perfectworks.start_page`` shows them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.formats import number_format

from core.admin_related import url_of_list

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MAX_COUNT = 1000  # counting more rows would make the page slow when it is needed most


@dataclass(frozen=True)
class Number:
    """A number on the start page.

    ``rows()`` returns the rows of ``model`` to count. ``parameters`` are those of the list that shows the same rows.
    ``is_problem`` is True if somebody should look at the list unless the number is 0.
    """

    label: "StrPromise"
    model: type[models.Model]
    parameters: Mapping[str, str]
    rows: Callable[[], "models.QuerySet[Any]"]
    is_problem: bool = True

    @property
    def url(self) -> str:
        """The URL of the list of the counted rows."""
        return url_of_list(self.model, **self.parameters)

    def is_visible_to(self, request: HttpRequest) -> bool:
        """Return whether this staff member may see the list."""
        return admin.site._registry[self.model].has_view_permission(request)

    def counted(self) -> "Counted":
        """Count the rows, up to one more than ``MAX_COUNT``."""
        return Counted(self, self.rows()[: MAX_COUNT + 1].count())


@dataclass(frozen=True)
class Counted:
    """A number with its value."""

    number: Number
    value: int

    def __str__(self) -> str:
        shown = number_format(min(self.value, MAX_COUNT), force_grouping=True)
        return f"{shown}+" if self.value > MAX_COUNT else shown

    @property
    def needs_attention(self) -> bool:
        """Whether somebody should look at the list."""
        return self.number.is_problem and self.value > 0
