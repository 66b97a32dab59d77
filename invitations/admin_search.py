"""The searches of the lists of invitations and emails in the admin. No condition reads every row."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin_search import Search
from orgs.models import Organization
from outbox.admin_emails import EmailSearch

MAX_ORGANIZATIONS = 1000


class InvitationSearch(Search):
    """Search invitations by the beginning of the address, and by the organization."""

    search_fields = ("email", "organization__name", "organization__slug")
    searched_ids = ("pk", "organization_id", "inviter_id")
    searched_addresses = ("email",)
    search_help_text = gettext_lazy(
        "An email address or its beginning, a part of the organization's name or slug, "
        "or the ID of an invitation, organization or inviter"
    )

    def search_parts(self, request: HttpRequest, queryset: Any, text: str) -> tuple[Any, bool]:
        """Return the invitations that each word finds."""
        for word in text.split():
            found = Q(email__startswith=word.lower()) | Q(organization_id__in=_organizations(request, word))
            queryset = queryset.filter(found)
        return queryset, False


class InvitationEmailSearch(EmailSearch):
    """Search emails also by the id of the invitation."""

    searched_ids = ("pk", "invitation_id")
    search_help_text = gettext_lazy(
        "The recipient's email address or its beginning, a Message-ID, or the ID of an email or invitation"
    )


def _organizations(request: HttpRequest, word: str) -> list[UUID]:
    """Return the keys of the organizations with this word in their name or slug, unless there are too many."""
    named = Organization.objects.filter(Q(name__icontains=word) | Q(slug__icontains=word))
    keys = list(named.values_list("pk", flat=True)[: MAX_ORGANIZATIONS + 1])
    if len(keys) <= MAX_ORGANIZATIONS:
        return keys
    messages.warning(
        request, _("Too many organizations have “%(word)s” in their names. Search for more of a name.") % {"word": word}
    )
    return []
