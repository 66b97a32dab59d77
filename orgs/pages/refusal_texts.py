"""What pages say if an action refuses, in the reader's language. The messages of the errors are for APIs, in English.

Every error that an action of a page raises has a text here, or in ``invitations.pages.refusal_texts``. Otherwise the
text of its base class is shown.
"""

from collections.abc import Iterator, Mapping
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core import errors
from orgs import limits, locks, lookups, policies
from orgs.actions import account_rights, api_keys, members, organizations, roles, saving, units
from orgs.oauth import applications
from orgs.permissions import PERMISSIONS
from orgs.seats import NoSeatLeft

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Refusal = errors.DomainError | ValidationError

TEXTS: "dict[type[errors.DomainError], StrPromise]" = {
    errors.DomainError: _("This isn't possible."),
    errors.Invalid: _("Please check what you entered."),
    errors.Denied: _("You don't have the permission for this."),
    errors.NotFound: _("This no longer exists."),
    errors.Conflict: _("This isn't possible now, because something has changed. Please look at the current state."),
    errors.Gone: _("This is no longer possible."),
    errors.Unprocessable: _("These values don't fit together."),
    errors.LimitReached: _("That was too often."),
    policies.GrantTooWide: _("You can only give or take away permissions that you have yourself."),
    organizations.DeletionOnHold: _("This organization can't be deleted for good now. Please contact support."),
    members.LastOwner: _("An organization needs an owner. Transfer the ownership first."),
    members.OwnerIsNoPerson: _("Only a person can own an organization."),
    members.OwnerIsInactive: _(
        "This account is deactivated. Only a person with an active account can become an owner."
    ),
    members.AlreadyMember: _("This person is already a member."),
    account_rights.OwnAccount: _("You can't do this for your own account."),
    saving.SlugTaken: _("This name in URLs is taken. Choose another one."),
    locks.AccountEnded: _("This account is no longer active."),
    lookups.MemberNotFound: _("This member has left or was removed."),
    lookups.UnknownRole: _("This role no longer exists."),
    lookups.UnknownUnit: _("This workspace or application no longer exists."),
    roles.RoleNameTaken: _("There is a role of this name."),
    roles.RoleInUse: _("People have this role, or open invitations offer it. Choose the role that takes its place."),
    limits.TooManyRoles: _("This organization has the maximum number of roles."),
    limits.TooManyUnits: _("This organization has the maximum number of workspaces and applications."),
    units.UnitInUse: _("An open invitation gives access to it. Withdraw the invitation first."),
    api_keys.ApiKeyNotFound: _("This API key no longer exists."),
    api_keys.NotYourKey: _("You can only do this for yourself and for service accounts that you manage."),
    limits.TooManyApiKeys: _("This organization has the maximum number of API keys. Revoke one first."),
    applications.OauthApplicationNotFound: _("This application no longer exists."),
    applications.NoSecret: _("This application has no secret, because it can't keep one."),
    limits.TooManyOAuthApplications: _("You have the maximum number of OAuth applications. Delete one first."),
    NoSeatLeft: _("All seats are taken."),
    limits.TooManyOrganizations: _("You have created the maximum number of organizations for one day."),
}

# The field at which a form shows an error that is about one value. Other errors are shown above the form.
FIELDS: dict[type[errors.DomainError], str] = {
    saving.SlugTaken: "slug",
    members.AlreadyMember: "email",
    roles.RoleNameTaken: "name",
}


def add_texts(
    texts: "Mapping[type[errors.DomainError], StrPromise]",
    fields: Mapping[type[errors.DomainError], str] = MappingProxyType({}),
) -> None:
    """Add the texts of errors that ``orgs`` doesn't know, and the fields at which forms show them."""
    TEXTS.update(texts)
    FIELDS.update(fields)


def refusal_text(refusal: errors.DomainError) -> str:
    """Return what pages say about an error: the text of its nearest class, missing permissions and the time to wait."""
    sentences = [str(next(TEXTS[kind] for kind in type(refusal).__mro__ if kind in TEXTS))]
    missing = refusal.details.get("missing_permissions")
    if isinstance(missing, list):
        labels = ", ".join(str(PERMISSIONS[name].label) for name in missing if name in PERMISSIONS)
        sentences.append(gettext("You lack these permissions: %(permissions)s.") % {"permissions": labels})
    if isinstance(refusal, errors.LimitReached):
        sentences.append(_wait(refusal.retry_after))
    return " ".join(sentences)


def _wait(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    if minutes < 120:
        return ngettext("Try again in %(count)d minute.", "Try again in %(count)d minutes.", minutes) % {
            "count": minutes
        }
    hours = ceil(minutes / 60)
    return ngettext("Try again in %(count)d hour.", "Try again in %(count)d hours.", hours) % {"count": hours}


def add_refusal_to(form: forms.Form, refusal: Refusal) -> None:
    """Show an error of an action at the fields that it names, else above the form.

    The fields of the form have the names of the action's arguments.
    """
    if isinstance(refusal, errors.DomainError):
        shown = [name for name in (*refusal.fields, FIELDS.get(type(refusal), "")) if name in form.fields]
        form.add_error(shown[0] if shown else None, refusal_text(refusal))
        return
    for name, messages in _messages_by_field(refusal):
        form.add_error(name if name in form.fields else None, messages)


def _messages_by_field(refusal: ValidationError) -> Iterator[tuple[str, list[str]]]:
    found = refusal.message_dict if hasattr(refusal, "error_dict") else {"": refusal.messages}
    for name, messages in found.items():
        yield name, [gettext(message) for message in messages]
