"""Form fields that several pages of an organization use."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.web_addresses import MAX_LENGTH as MAX_ADDRESS_LENGTH
from core.web_addresses import VALIDATORS
from orgs.models import Membership, MembershipQuerySet, Organization
from orgs.slugs import MAX_LENGTH, validate_slug


class SlugFormField(forms.CharField):
    """A name for use in URLs, in the words of pages."""

    def __init__(self, **options: Any) -> None:
        defaults: dict[str, Any] = {
            "label": _("Name in URLs"),
            "max_length": MAX_LENGTH,
            "validators": [validate_slug],
            "error_messages": {
                "invalid_slug": _(
                    "Use 3 to 128 lower-case letters, digits and hyphens, and nothing that looks like an ID."
                )
            },
            "widget": forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
        }
        super().__init__(**defaults | options)


class WebAddressFormField(forms.CharField):
    """An optional http or https URL."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False, max_length=MAX_ADDRESS_LENGTH, validators=VALIDATORS, widget=forms.URLInput, **options
        )


class ServiceAccountField(forms.ModelChoiceField):
    """A service account of the organization. Its memberships are offered with ``system_members_of``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Membership.objects.none(), **{"required": False, **options})

    def label_from_instance(self, membership: Membership) -> str:
        """Return the name."""
        return membership.user.display_name


def system_members_of(organization: Organization) -> MembershipQuerySet:
    """Return the memberships of the organization's service accounts, by name."""
    members = Membership.objects.filter(organization=organization, user__kind=User.Kind.SYSTEM)
    return members.select_related("user").order_by("user__first_name", "user__last_name", "id")
