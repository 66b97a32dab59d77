"""Buttons on read-only admin pages. Each button calls one action.

A button sends a POST request to its own URL. That view calls the action with the staff member as ``by=``. If the action
ends something or needs more than one value, the button is a link to a page at the same URL. The page says what ends, or
has a form. The page that adds a row is such a page, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from accounts.admin_forms import RowForm, add_refusal
from accounts.models import User
from accounts.principals import Method, Principal, may_act_as_staff, staff
from core.admin import ReadOnlyAdmin
from core.errors import DomainError
from core.request_context import note_principal

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Button:
    """A button that runs an action on an object.

    ``run(by, object, data)`` calls the action. ``applies(object)`` returns whether the action accepts the object, and
    ``permits(user, object)`` whether it accepts this staff member. The button is shown and works only if both are true.
    ``field`` describes an input next to the button: ``(name, label, input type)``. The input type can also be
    ``textarea``. The input is required. ``present(object)`` returns its initial value. ``form`` is a ``RowForm``, or
    what returns one for ``(object, data)``: the button opens a page with this form, and ``run`` gets its cleaned data.
    The fields have the names of the action's arguments, so that its errors are shown at them. ``ends(object)`` returns
    sentences about what ends; they are on the page that the button opens. ``grave`` is True for an action that
    cannot be undone; it needs ``ends``. ``needs`` is the kind of Django permission for the button, such as ``change``,
    or a permission for another model, such as ``invitations.add_invitation``. ``reveals`` is True if ``run`` returns
    an object and its secret. The secret is shown once. ``page`` replaces the page that the button opens, and calls the
    action itself; ``run`` is not called then.
    """

    name: str
    label: "str | StrPromise"
    run: Callable[[Principal, Any, dict[str, Any]], Any] = lambda by, row, data: None
    applies: Callable[[Any], bool] = lambda row: True
    permits: Callable[[User, Any], bool] = lambda user, row: True
    field: "tuple[str, str | StrPromise, str] | None" = None
    present: Callable[[Any], str] = lambda row: ""
    form: Callable[[Any, Any], RowForm] | None = None
    ends: "Callable[[Any], Sequence[str | StrPromise]] | None" = None
    grave: bool = False
    needs: str = "change"
    reveals: bool = False
    page: "Callable[[ActionAdmin, HttpRequest, Button, Any], HttpResponseBase] | None" = None

    @property
    def has_page(self) -> bool:
        """Whether the button opens a page. Templates cannot read ``form`` and ``ends``, because they call functions."""
        return bool(self.form or self.ends or self.page)


class ActionAdmin(ReadOnlyAdmin):
    """A read-only page with buttons.

    Staff need the view permission to open the page and to use its buttons. Each button needs another permission.
    ``adds`` is the form of the page that adds a row. Its ``run`` gets None as the object and returns the new row.
    """

    buttons: Sequence[Button] = ()
    adds: Button | None = None
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
        buttons = [b for b in self.buttons if row is not None and self._offers(request, b, row)]
        shown = [(button, button.present(row)) for button in buttons]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "buttons": shown})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether there is a page that adds a row, and the user may use it."""
        return self.adds is not None and self._permits(request, self.adds)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form of ``adds`` (GET), or add the row with its action (POST)."""
        if self.adds is None or not self._permits(request, self.adds):
            raise PermissionDenied
        return cast("HttpResponse", self._use(request, self.adds, None))

    def do(self, request: HttpRequest, object_id: str, button: str) -> HttpResponseBase:
        """Run the action of a button (POST), or show the button's page (GET)."""
        row = self.get_object(request, object_id)
        pressed = next((b for b in self.buttons if b.name == button), None)
        if (
            row is None
            or pressed is None
            or not self.has_view_permission(request)
            or not self._permits(request, pressed)
        ):
            raise PermissionDenied
        if not self._offers(request, pressed, row):
            messages.error(request, _("“%(label)s” isn't possible now.") % {"label": pressed.label})
            return HttpResponseRedirect(self._after(request, row))
        return self._use(request, pressed, row)

    def reveal(self, request: HttpRequest, row: models.Model, secret: str) -> HttpResponse:
        """Show a secret once, in this response. A message for the next page would store the secret."""
        return self.show_about_row(request, "admin/secret.html", title=str(row), original=row, secret=secret)

    def _use(self, request: HttpRequest, button: Button, row: models.Model | None) -> HttpResponseBase:
        methods = ["GET", "POST"] if button.has_page else ["POST"]
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        if button.page:
            return button.page(self, request, button, row)
        if button.form:
            form = button.form(row, request.POST if request.method == "POST" else None)
            form.files = request.FILES
            form.offer_to(cast("User", request.user))
            return self._fill(request, button, row, form)
        return self._press(request, button, row) if request.method == "POST" else self._page(request, button, row)

    def _fill(self, request: HttpRequest, button: Button, row: models.Model | None, form: RowForm) -> HttpResponse:
        """Call the action with the data of the form. Show the form again if it is not valid or the action fails."""
        if form.is_valid():
            try:
                result = button.run(self.principal_for(request, button), row, form.cleaned_data)
            except (DomainError, ValidationError) as refusal:
                add_refusal(form, refusal)
            else:
                return self._done(request, button, row, result)
        return self._page(request, button, row, form)

    def _press(self, request: HttpRequest, button: Button, row: models.Model | None) -> HttpResponse:
        """Call the action without a form. Its errors become messages on the page of the row."""
        by = self.principal_for(request, button)
        try:
            result = button.run(by, row, _filled(button, request.POST.dict()))
        except DomainError as refusal:
            messages.error(request, " ".join(reasons_of(refusal)))
        except (ValidationError, ValueError) as refusal:
            messages.error(request, "; ".join(getattr(refusal, "messages", [_("This value isn't valid.")])))
        else:
            return self._done(request, button, row, result)
        return HttpResponseRedirect(self._after(request, row))

    def _done(self, request: HttpRequest, button: Button, row: models.Model | None, result: Any) -> HttpResponse:
        """Show the secret, or go to the page of the row with a message. If the action returns a row, that is the row.

        Sending an ended invitation again, for example, returns a new one.
        """
        if button.reveals:
            return self.reveal(request, *result)
        messages.success(request, _("%(label)s: done.") % {"label": button.label})
        return HttpResponseRedirect(self._after(request, result if isinstance(result, self.model) else row))

    def _page(
        self, request: HttpRequest, button: Button, row: models.Model | None, form: RowForm | None = None
    ) -> HttpResponse:
        """Show what the action ends, its form, a button that runs the action, and a link back."""
        ends = button.ends(row) if button.ends else ()
        shown: dict[str, Any] = {"title": button.label, "original": row, "button": button, "ends": ends, "form": form}
        return self.show_about_row(request, "admin/button_page.html", **shown)

    def show_about_row(self, request: HttpRequest, template: str, status: int = 200, **shown: Any) -> HttpResponse:
        """Show a page about a row. It links to the row and its list only if the staff member may see them."""
        links = {"opts": self.opts, "may_view": self.has_view_permission(request)}
        context = {**self.admin_site.each_context(request), **links, **shown}
        return TemplateResponse(request, template, context, status=status)

    def principal_for(self, request: HttpRequest, button: Button) -> Principal:
        """Return the staff member as the caller of the button's action. Raises PermissionDenied."""
        return staff_of(request, self._permission(button.needs))

    def _offers(self, request: HttpRequest, button: Button, row: models.Model) -> bool:
        """Return whether the button is shown: the user has the permission, and the action would accept it."""
        user = cast("User", request.user)
        return self._permits(request, button) and button.applies(row) and button.permits(user, row)

    def _permits(self, request: HttpRequest, button: Button) -> bool:
        return request.user.has_perm(self._permission(button.needs))

    def _permission(self, action: str) -> str:
        """Return the full name of a Django permission. ``action`` is such a name, or the kind of permission."""
        if "." in action:
            return action
        return f"{self.opts.app_label}.{get_permission_codename(action, self.opts)}"

    def _after(self, request: HttpRequest, row: Any) -> str:
        """Return the URL of the object's page, of the list if the object is deleted, or of a page that is permitted."""
        if not self.has_view_permission(request):
            return reverse("admin:index")
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
    note_principal(Method.STAFF)
    return staff(request.user, permission)


def reasons_of(refusal: DomainError) -> list[str]:
    """Return the messages of an error: its general message and its messages about fields."""
    return [refusal.message, *(reason for found in refusal.fields.values() for reason in found)]
