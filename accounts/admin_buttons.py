"""Buttons on read-only admin pages. Each button calls one action.

A button sends a POST request to its own URL. That view calls the action with the staff member as ``by=``. If the action
ends something, the button is a link to a page at the same URL that says what ends and asks for confirmation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.principals import Principal, may_act_as_staff, staff
from core.admin import ReadOnlyAdmin
from core.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Button:
    """A button that runs an action on an object.

    ``run(by, object, form data)`` calls the action. ``applies(object)`` returns whether the button is shown.
    ``field`` describes an input next to the button: ``(name, label, input type)``. The input type can also be
    ``textarea``. The input is required. ``present(object)`` returns its initial value. ``ends(object)`` returns the
    sentences of the confirmation page; without it, there is no such page. ``grave`` is True for an action that cannot
    be undone; it needs ``ends``. ``needs`` is the kind of Django permission for the button, such as ``change``.
    ``reveals`` is True for an action that returns a secret. The secret is shown once.
    """

    name: str
    label: "str | StrPromise"
    run: Callable[[Principal, Any, dict[str, str]], object]
    applies: Callable[[Any], bool] = lambda row: True
    field: "tuple[str, str | StrPromise, str] | None" = None
    present: Callable[[Any], str] = lambda row: ""
    ends: "Callable[[Any], Sequence[str | StrPromise]] | None" = None
    grave: bool = False
    needs: str = "change"
    reveals: bool = False

    @property
    def asks(self) -> bool:
        """Whether a page asks for confirmation. Templates cannot read ``ends``, because they call functions."""
        return self.ends is not None


class ActionAdmin(ReadOnlyAdmin):
    """A read-only page with buttons.

    Staff need the view permission to open the page, and the change or delete permission to use its buttons.
    """

    buttons: Sequence[Button] = ()
    change_form_template = "admin/with_buttons.html"

    def get_urls(self) -> list[URLPattern]:
        """Return the URL pattern that all buttons use, followed by Django's URL patterns."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        return [
            path("<path:object_id>/do/<slug:button>", self.admin_site.admin_view(self.do), name=name),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the row, with the buttons that apply to it."""
        row = self.get_object(request, object_id)
        buttons = [b for b in self.buttons if row is not None and self._permits(request, b) and b.applies(row)]
        shown = [(button, button.present(row)) for button in buttons]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "buttons": shown})

    def do(self, request: HttpRequest, object_id: str, button: str) -> HttpResponse:
        """Run the action of a button (POST), or ask for confirmation (GET). Errors of the action become messages."""
        row = self.get_object(request, object_id)
        pressed = next((b for b in self.buttons if b.name == button), None)
        if row is None or pressed is None or not self._permits(request, pressed):
            raise PermissionDenied
        if request.method == "GET" and pressed.ends:
            return self._confirm(request, pressed, row, pressed.ends(row))
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "POST"] if pressed.ends else ["POST"])
        secret = self._press(request, pressed, row)
        return self.reveal(request, row, secret) if secret else HttpResponseRedirect(self._after(row))

    def reveal(self, request: HttpRequest, row: models.Model, secret: str) -> HttpResponse:
        """Show a secret once, in this response. A message for the next page would store the secret."""
        context = {
            **self.admin_site.each_context(request),
            "title": str(row),
            "opts": self.opts,
            "original": row,
            "secret": secret,
        }
        return TemplateResponse(
            request,
            "admin/secret.html",
            context,
        )

    def _confirm(
        self, request: HttpRequest, button: Button, row: models.Model, ends: "Sequence[str | StrPromise]"
    ) -> HttpResponse:
        """Show what the action ends, with a button that runs the action and a link back."""
        shown = {"title": button.label, "opts": self.opts, "original": row, "button": button, "ends": ends}
        return TemplateResponse(request, "admin/confirm.html", {**self.admin_site.each_context(request), **shown})

    def _press(self, request: HttpRequest, button: Button, row: models.Model) -> str | None:
        """Call the action and store a message for the next page. If the action reveals a secret, return it instead."""
        by = staff_of(request, self._permission(button.needs))
        try:
            result = button.run(by, row, _filled(button, request.POST.dict()))
        except DomainError as refusal:
            messages.error(request, " ".join(reasons_of(refusal)))
        except (ValidationError, ValueError) as refusal:
            messages.error(request, "; ".join(getattr(refusal, "messages", ["This value isn't valid."])))
        else:
            if button.reveals:
                return str(result)
            messages.success(request, f"{button.label}: done.")
        return None

    def _permits(self, request: HttpRequest, button: Button) -> bool:
        return request.user.has_perm(self._permission(button.needs))

    def _permission(self, action: str) -> str:
        return f"{self.opts.app_label}.{get_permission_codename(action, self.opts)}"

    def _after(self, row: models.Model) -> str:
        """Return the URL of the object's page, or of the list if the object is deleted."""
        still_there = self.model._default_manager.filter(pk=row.pk).exists()
        view = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{view}_change", args=[row.pk]) if still_there else reverse(f"{view}_changelist")


def _filled(button: Button, data: dict[str, str]) -> dict[str, str]:
    """Return the form data. Raises ValidationError if the button's input is empty."""
    if button.field and not data.get(button.field[0], "").strip():
        raise ValidationError(_("Enter a value for “%(label)s”."), params={"label": button.field[1]})
    return data


def staff_of(request: HttpRequest, permission: str) -> Principal:
    """Return the principal of the staff member with this permission. Raises PermissionDenied for other users."""
    if not isinstance(request.user, User) or not may_act_as_staff(request.user, permission):
        raise PermissionDenied
    return staff(request.user, permission)


def reasons_of(refusal: DomainError) -> list[str]:
    """Return the messages of an error: its general message and its messages about fields."""
    return [refusal.message, *(reason for found in refusal.fields.values() for reason in found)]
