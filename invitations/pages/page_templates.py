"""Which template says what. Each refusal has its own, ``templates/invitations/<its code>.html``."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.errors import DomainError
from events.models import Event
from invitations.email.address_hashes import SuppressionScope
from invitations.models import Invitation
from invitations.pages.forms import DeclineForm
from invitations.pages.page_state import PageState, status_of
from invitations.refusals import InvitationAccepted, InvitationExpired, InvitationWaits
from orgs.pages.logos import allow_logos


def show(request: HttpRequest, visit: PageState, *, status: int | None = None, **context: Any) -> HttpResponse:
    """The page of an invitation as this visitor finds it now; ``status`` when an answer was just refused."""
    refusal = visit.refusal()
    if refusal is not None:
        return show_refusal(request, refusal, visit.invitation, status=status, visit=visit, **context)
    page = "open" if visit.is_signed_in else "welcome"
    context = {"form": DeclineForm(), "is_member": visit.is_signed_in and visit.is_member(), **context}
    return _render(request, page, status or 200, visit.invitation, page_state=visit, **context)


def show_refusal(
    request: HttpRequest,
    refusal: DomainError,
    invitation: Invitation | None = None,
    *,
    status: int | None = None,
    visit: PageState | None = None,
    **context: Any,
) -> HttpResponse:
    """The page that says why not. Whoever said yes is told what came of it, and that is no failure."""
    page, page_status = refusal.code, status_of(refusal)
    if isinstance(refusal, InvitationAccepted | InvitationWaits) and visit and visit.was_accepted_by_visitor:
        page, page_status = f"{page}_by_you", 200
    if isinstance(refusal, InvitationExpired) and visit:
        context["request_state"] = request_state(visit)
    return _render(request, page, status or page_status, invitation, page_state=visit, **context)


def request_state(visit: PageState) -> str:
    """Of an expired invitation: whether a new one was ``asked`` for, is ``open`` to be, or has ``nobody`` to ask."""
    invitation = visit.invitation
    if Event.objects.about(invitation).filter(kind="invitation.asked_again").exists():
        return "asked"
    inviter = invitation.inviter
    return "open" if inviter and inviter.is_active and inviter.email else "nobody"


def no_more_emails(invitation: Invitation, scope: SuppressionScope) -> str:
    """What it means for the invited address that its mails were refused."""
    if scope == SuppressionScope.ALL:
        return _("We won't email invitations to %(address)s anymore.") % {"address": invitation.email}
    words = {"address": invitation.email, "name": invitation.organization.name}
    return _("We won't email invitations from %(name)s to %(address)s anymore.") % words


def _render(
    request: HttpRequest, page: str, status: int, invitation: Invitation | None, **context: Any
) -> HttpResponse:
    context |= {"invitation": invitation, "organization": invitation and invitation.organization}
    response = render(request, f"invitations/{page}.html", context, status=status)
    return allow_logos(response, [invitation.organization]) if invitation else response
