"""What the mails say: ``templates/mails/<kind>/``, filled from the invitation as it is when it is sent.

The mailed link is made here and goes to the invited address alone. Names come from people, so they are shown as one
visible line, and nothing in them can become a link: every link in a mail is on ``PUBLIC_BASE_URL``.
"""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from core.emails import UnfoldedMessage, compose, one_line, visible_lines
from invitations.email.models import Email
from invitations.email.queue import KEEP_TAGS_ONLY, METADATA_KEY
from invitations.models import Invitation
from invitations.tokens import link_for, unsubscribe_link_for
from orgs.labels import permission_labels, role_label
from orgs.pages.logos import initials


def render_invitation_email(email: Email, invitation: Invitation) -> UnfoldedMessage:
    """The whole message, text and HTML, to one recipient; raises whatever a template or a header refuses.

    ``invitation`` was loaded ``with_details``. The Message-ID is the row's, however often it is sent. Mail
    programs offer to refuse more of them (RFC 8058).
    """
    with translation.override(language_of(email, invitation)):
        context = _context(email, invitation)
        subject, text, html = (_part(email, name, context) for name in ("subject.txt", "body.txt", "body.html"))
    headers = {"Message-ID": email.message_id}
    if email.is_to_invitee:
        headers |= _no_email_headers(invitation)
    message = compose(email.recipient, subject=subject, text=text, html=html, headers=headers)
    vars(message).update(_sent_along(email))
    message.message()  # makes the headers, which refuse here what they cannot carry
    return message


def language_of(email: Email, invitation: Invitation) -> str:
    """The invitee reads the invitation's language, the inviter the organization's; else it is the site's."""
    spoken = invitation.effective_language if email.is_to_invitee else invitation.organization.language
    return spoken or settings.LANGUAGE_CODE


def _sent_along(email: Email) -> dict[str, object]:
    """What django-anymail gives the provider, which reports it back."""
    if settings.EMAIL_WEBHOOK in KEEP_TAGS_ONLY:
        return {"tags": [email.pk.hex]}
    return {"metadata": {METADATA_KEY: email.pk.hex}} if settings.EMAIL_WEBHOOK else {}


def _no_email_headers(invitation: Invitation) -> dict[str, str]:
    return {
        "List-Unsubscribe": f"<{unsubscribe_link_for(invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _part(email: Email, name: str, context: dict[str, object]) -> str:
    return render_to_string(f"mails/{email.kind}/{name}", context)


def _context(email: Email, invitation: Invitation) -> dict[str, object]:
    return {
        "recipient": email.recipient,
        "invitee": invitation.email,
        "invitation": invitation,
        "organization": one_line(invitation.organization.name),
        "initials": one_line(initials(invitation.organization)),
        "inviter": one_line(invitation.inviter_display_name),
        "role": one_line(role_label(invitation.role)),
        "permissions": permission_labels(invitation.permissions),
        "unit": invitation.unit and one_line(invitation.unit.name),
        "unit_role": one_line(role_label(invitation.unit_role)),
        "decline_reason": visible_lines(invitation.decline_reason),
        "server_words": _refusal(invitation) if email.kind == Email.Kind.UNDELIVERABLE else "",
        "link": link_for(invitation) if email.is_to_invitee else "",
        "no_mail": unsubscribe_link_for(invitation) if email.is_to_invitee else "",
        "service": settings.PUBLIC_BASE_URL,
    }


def _refusal(invitation: Invitation) -> str:
    """Why it could not be delivered, in the mail server's words."""
    emails = invitation.emails.to_invitee().newest_first()
    if invitation.state == Invitation.Status.ERROR:
        emails = emails.filter(state__in=[Email.State.FAILED, Email.State.BOUNCED])
    return one_line(emails.values_list("response", flat=True).first() or "")
