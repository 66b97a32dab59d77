"""Choose and render the template of a page. The template for an error is `templates/invitations/<code>.html`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.addresses import displayed_address
from core.errors import DomainError
from events.models import Event
from invitations.actions.answering import AcceptResult
from invitations.email.address_hashes import SuppressionScope
from invitations.models import Invitation
from invitations.pages.forms import DeclineForm
from invitations.pages.page_state import PageState, status_of
from invitations.refusals import InvitationAccepted, InvitationExpired, InvitationWaits
from orgs import policies
from orgs.labels import permission_labels, role_label
from orgs.pages.logos import allow_logos
from orgs.policies import GrantPart


def show(request: HttpRequest, page_state: PageState, *, status: int | None = None, **context: Any) -> HttpResponse:
    """Render the page for the current state. Pass `status` if an action has just failed with this HTTP status."""
    refusal = page_state.refusal()
    if refusal is not None:
        return show_refusal(request, refusal, page_state.invitation, status=status, page_state=page_state, **context)
    page = "open" if page_state.is_signed_in else "welcome"
    context = {**_membership_context(page_state), **context}
    return _render(request, page, status or 200, page_state.invitation, page_state=page_state, **context)


def show_decline(request: HttpRequest, page_state: PageState, form: DeclineForm, status: int = 200) -> HttpResponse:
    """Render the page that asks whether to decline. It says what declining means and who is told."""
    invitation = page_state.invitation
    context = {"form": form, "inviter_is_told": _reaches_inviter(invitation), "page_state": page_state}
    return _render(request, "decline", status, invitation, **context)


def _membership_context(page_state: PageState) -> dict[str, Any]:
    """Return whether the visitor is a member, and which parts of the offer would be new to them."""
    membership = page_state.membership if page_state.is_signed_in else None
    if membership is None:
        return {"is_member": False, "added": []}
    offers = [page_state.invitation, *page_state.others]
    added = [part for offer in offers for part in policies.additions(membership, offer.grant)]
    return {"is_member": True, "added": added}


def show_refusal(
    request: HttpRequest,
    refusal: DomainError,
    invitation: Invitation | None = None,
    *,
    status: int | None = None,
    page_state: PageState | None = None,
    **context: Any,
) -> HttpResponse:
    """Render the page for an error. The person who accepted the invitation sees a confirmation with status 200."""
    page, page_status = refusal.code, status_of(refusal)
    if isinstance(refusal, InvitationAccepted | InvitationWaits) and page_state and page_state.was_accepted_by_visitor:
        page, page_status = f"{page}_by_you", 200
    if isinstance(refusal, InvitationExpired) and page_state:
        context["request_state"] = request_state(page_state)
    return _render(request, page, status or page_status, invitation, page_state=page_state, **context)


def show_how_to_open(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Render the page for visitors without a link. It shows nothing about the invitation, and not whether it exists.

    Link previews show this page too, because they do not keep the session that the link starts.
    """
    return render(request, "invitations/how_to_open.html", {"here": reverse("invitation", args=[invitation_id])})


def request_state(page_state: PageState) -> str:
    """Return whether a new invitation can be requested for an expired one.

    `asked`: a new invitation was already requested. `open`: it can be requested. `nobody`: there is no inviter to ask.
    """
    invitation = page_state.invitation
    if Event.objects.about(invitation).filter(kind="invitation.asked_again").exists():
        return "asked"
    return "open" if _reaches_inviter(invitation) else "nobody"


def no_more_emails(invitation: Invitation, scope: SuppressionScope) -> str:
    """Return a sentence that confirms the unsubscribe."""
    words = {"address": displayed_address(invitation.email), "name": invitation.organization.name}
    if scope == SuppressionScope.ALL:
        return _("We won't email invitations to %(address)s anymore.") % words
    return _("We won't email invitations from %(name)s to %(address)s anymore.") % words


def gained(results: Sequence[AcceptResult]) -> str:
    """Return sentences that say what accepting gave: the membership, the role, permissions and units.

    ``results`` are those of invitations of one organization, which were accepted together.
    """
    given = {part for result in results for part in result.invitation.given or []}
    invitation, was_member = results[0].invitation, results[0].was_member
    words = {"name": invitation.organization.name, "role": role_label(invitation.role)}
    if not was_member:
        sentences = [_("You're now a member of %(name)s, as %(role)s.") % words]
    elif not given:
        return _("You accepted the invitation to %(name)s. You already had everything that it offered.") % words
    else:
        sentences = [_("You accepted the invitation to %(name)s.") % words]
        if GrantPart.ROLE in given:
            sentences.append(_("Your role is now %(role)s.") % words)
    if GrantPart.PERMISSIONS in given:
        permissions = ", ".join(permission_labels(invitation.permissions))
        sentences.append(_("You can also %(permissions)s.") % {"permissions": permissions})
    return " ".join([*sentences, *_units_gained(results)])


def _units_gained(results: Sequence[AcceptResult]) -> list[str]:
    """Return a sentence about the workspaces and applications, if accepting gave access to any."""
    units = [
        _("%(unit)s, as %(role)s") % {"unit": unit.name, "role": role_label(result.invitation.unit_role)}
        for result in results
        if GrantPart.UNIT_ROLE in (result.invitation.given or []) and (unit := result.invitation.unit)
    ]
    return [_("You now have access to %(units)s.") % {"units": "; ".join(units)}] if units else []


def _reaches_inviter(invitation: Invitation) -> bool:
    """Return whether the inviter has an account that gets emails."""
    inviter = invitation.inviter
    return bool(inviter and inviter.is_active and inviter.email)


def _render(
    request: HttpRequest, page: str, status: int, invitation: Invitation | None, **context: Any
) -> HttpResponse:
    context |= {"invitation": invitation, "organization": invitation and invitation.organization}
    response = render(request, f"invitations/{page}.html", context, status=status)
    return allow_logos(response, [invitation.organization]) if invitation else response
