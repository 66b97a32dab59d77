"""How staff act in the admin: buttons above a read-only page, each calling one action.

Each button posts to its own address and calls its action with ``by=`` the staff member.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts.models import User
from accounts.principals import Principal, staff
from core.admin import ReadOnlyAdmin
from core.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Button:
    """One thing staff can do with an object: what it is called, and the action behind it.

    ``run(by, object, form data)`` calls the action; ``applies`` says whether the button is shown for this object;
    ``field`` asks for one value beside the button, as ``(name, label, input type)`` where ``textarea`` is for several
    lines, and ``present`` says what stands there at first; ``grave`` is for what cannot be undone; ``reveals`` for an
    action that returns a secret, which the answer to the button shows and nothing keeps.
    """

    name: str
    label: "str | StrPromise"
    run: Callable[[Principal, Any, dict[str, str]], object]
    applies: Callable[[Any], bool] = lambda row: True
    field: "tuple[str, str | StrPromise, str] | None" = None
    present: Callable[[Any], str] = lambda row: ""
    grave: bool = False
    reveals: bool = False


class ActionAdmin(ReadOnlyAdmin):
    """A read-only page with buttons. Staff see it with the view permission, and act with the change one."""

    buttons: Sequence[Button] = ()
    change_form_template = "admin/with_buttons.html"

    def get_urls(self) -> list[URLPattern]:
        """One address for each button, in front of Django's own."""
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
        allowed = row is not None and self.has_change_permission(request, row)
        shown = [(button, button.present(row)) for button in self.buttons if button.applies(row)] if allowed else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "buttons": shown})

    def do(self, request: HttpRequest, object_id: str, button: str) -> HttpResponse:
        """Press one button: POST only; a refusal is shown as it was said."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, object_id)
        pressed = next((b for b in self.buttons if b.name == button), None)
        if row is None or pressed is None or not self.has_change_permission(request, row):
            raise PermissionDenied
        secret = self._press(request, pressed, row)
        return self.reveal(request, row, secret) if secret else HttpResponseRedirect(self._after(row))

    def reveal(self, request: HttpRequest, row: models.Model, secret: str) -> HttpResponse:
        """Show a secret this once: no redirect, no message, no cache keeps it."""
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

    def _press(self, request: HttpRequest, button: Button, row: models.Model) -> str | None:
        """Call the action; the secret that it reveals, if it does."""
        by = staff_of(request)
        try:
            result = button.run(by, row, request.POST.dict())
        except DomainError as refusal:
            messages.error(request, " ".join(reasons_of(refusal)))
        except (ValidationError, ValueError) as refusal:
            messages.error(request, "; ".join(getattr(refusal, "messages", ["This value isn't valid."])))
        else:
            if button.reveals:
                return str(result)
            messages.success(request, f"{button.label}: done.")
        return None

    def _after(self, row: models.Model) -> str:
        """The object's page, or the list when the object is gone."""
        still_there = self.model._default_manager.filter(pk=row.pk).exists()
        view = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{view}_change", args=[row.pk]) if still_there else reverse(f"{view}_changelist")


def staff_of(request: HttpRequest) -> Principal:
    """The staff member who asks; raises PermissionDenied for anybody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return staff(request.user)


def reasons_of(refusal: DomainError) -> list[str]:
    """What a refusal says, as a whole and of each field."""
    return [refusal.message, *(reason for found in refusal.fields.values() for reason in found)]
