"""Render emails from ``templates/emails/<kind>/`` and the invitation's current data, at the time of sending.

Only emails to the invited address contain the invitation link. Names are user input, so each name is reduced to one
line of visible characters that email clients do not turn into a link. All links in an email start with
``PUBLIC_BASE_URL``.
"""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from core.addresses import displayed_address
from core.emails import ServiceEmail, compose, looks_clickable, one_line, visible_lines
from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import link_for, unsubscribe_link_for
from orgs.labels import permission_labels, role_label
from orgs.pages.logos import initials
from orgs.policies import GrantPart
from outbox.email_transport import provider_options


def render_invitation_email(email: Email, invitation: Invitation, reply_address: str | None = None) -> ServiceEmail:
    """Return the message to one recipient, as text and HTML.

    ``invitation`` must be loaded ``with_details``. ``reply_address`` is the result of ``reply_address_of``, if it is
    known already. The Message-ID is the same for each attempt. Emails to the invitee have headers for one-click
    unsubscribing (RFC 8058). Raises any error of a template, and an error for an invalid header.
    """
    with translation.override(language_of(email, invitation)):
        context = _context(email, invitation)
        subject, text, html = (_part(email, name, context) for name in ("subject.txt", "body.txt", "body.html"))
        message = compose(
            email.recipient,
            subject=subject,
            text=text,
            html=html,
            headers={
                **email.headers,
                **(_unsubscribe_headers(invitation) if email.is_to_invitee else {}),
            },
            on_behalf_of=_name_in_from(invitation) if email.is_to_invitee else "",
            reply_to=(reply_address_of(invitation) if reply_address is None else reply_address)
            if email.is_to_invitee
            else "",
        )
    vars(message).update(provider_options(email))
    message.message()  # builds the headers, so that an invalid header raises here instead of while sending
    return message


def language_of(email: Email, invitation: Invitation) -> str:
    """Return the language of an email.

    For the invitee, this is the language of the invitation or, if that is blank, of the organization. For the inviter,
    it is the language of the organization. If no language is set there, it is the site's language (``LANGUAGE_CODE``).
    """
    language = invitation.effective_language if email.is_to_invitee else invitation.organization.language
    return language or settings.LANGUAGE_CODE


def _name_in_from(invitation: Invitation) -> str:
    """Return the inviter's name. If it looks like an address or a link, the organization's, or else ""."""
    names = (invitation.inviter_display_name, invitation.organization.name)
    return next((name for name in names if not looks_clickable(name)), "")


def reply_address_of(invitation: Invitation) -> str:
    """Return the organization's address for replies or, without one, the inviter's, so that a person gets the reply.

    Return "" if the organization does not want that, if staff sent the invitation, if the inviter has left, or if the
    address is not verified.
    """
    organization, inviter = invitation.organization, invitation.inviter
    if organization.reply_to:
        return organization.reply_to
    if not organization.replies_go_to_inviter or invitation.is_from_staff:
        return ""
    if inviter is None or not inviter.email or not inviter.is_active:
        return ""
    is_member = organization.memberships.filter(user=inviter).exists()
    return inviter.email if is_member and inviter.email_is_verified else ""


def _unsubscribe_headers(invitation: Invitation) -> dict[str, str]:
    return {
        "List-Unsubscribe": f"<{unsubscribe_link_for(invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _part(email: Email, name: str, context: dict[str, object]) -> str:
    return render_to_string(f"emails/{email.kind}/{name}", context)


def _context(email: Email, invitation: Invitation) -> dict[str, object]:
    return {
        "recipient": displayed_address(email.recipient),
        "invitee": displayed_address(invitation.email),
        "invitation": invitation,
        "organization": one_line(invitation.organization.name),
        "initials": one_line(initials(invitation.organization)),
        "inviter": one_line(displayed_address(invitation.inviter_display_name)),
        "inviter_is_taken_apart": looks_clickable(displayed_address(invitation.inviter_display_name)),
        "role": one_line(role_label(invitation.role)),
        "permissions": permission_labels(invitation.permissions),
        "unit": invitation.unit and one_line(invitation.unit.name),
        "unit_role": one_line(role_label(invitation.unit_role)),
        "others": [
            {"kind": one.unit.kind, "unit": one_line(one.unit.name), "role": one_line(role_label(one.unit_role))}
            for one in _others(email, invitation)
            if one.unit
        ],
        "was_member": email.kind == Email.Kind.ANSWERED and _was_member(invitation),
        "invitee_name": one_line(invitation.invitee_name),
        "message": visible_lines(invitation.message),
        "organization_footer": visible_lines(invitation.organization.email_footer),
        "decline_reason": visible_lines(invitation.decline_reason),
        "server_response": _failure_response(invitation) if email.kind == Email.Kind.UNDELIVERABLE else "",
        "until": render_to_string("emails/until.txt", {"invitation": invitation}),
        "link": link_for(invitation) if email.is_to_invitee else "",
        "unsubscribe_link": unsubscribe_link_for(invitation) if email.is_to_invitee else "",
        "service": settings.PUBLIC_BASE_URL,
    }


def _others(email: Email, invitation: Invitation) -> list[Invitation]:
    """Return the other invitations that this email is about: open ones, or accepted ones with new access."""
    if email.is_to_invitee:
        return list(invitation.open_in_same_email())
    if email.kind != Email.Kind.ANSWERED or invitation.shares_email_of_id is None:
        return []
    same = Invitation.objects.filter(shares_email_of=invitation.shares_email_of_id, status=invitation.status)
    answered = same.exclude(pk=invitation.pk).with_details().order_by("id")
    return [one for one in answered if GrantPart.UNIT_ROLE in (one.given or [])]


def _was_member(invitation: Invitation) -> bool:
    """Return whether the invitee was a member before accepting. Events of older versions do not say so."""
    accepted = Event.objects.about(invitation).filter(kind="invitation.accepted").last()
    return accepted is not None and accepted.data.get("was_member") is True


def _failure_response(invitation: Invitation) -> str:
    """Return the mail server's response to the email that could not be delivered."""
    emails = invitation.emails_to_invitee.newest_first()
    if invitation.state == Invitation.Status.ERROR:
        emails = emails.filter(state__in=[Email.State.FAILED, Email.State.BOUNCED])
    return one_line(emails.values_list("response", flat=True).first() or "")
