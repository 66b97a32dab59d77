"""``manage.py explain``: say why a person has not joined or did not get an email, and what a request did."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from accounts.email.models import AccountEmail
from accounts.models import User
from core.api.serializers import format_time, representing_serializer
from core.ids import parse_uuid
from core.request_context import is_request_id
from invitations.api.serializers import ExplanationSerializer
from invitations.email.address_hashes import Suppression
from invitations.email.models import Email
from invitations.explaining import Entry, Explanation
from invitations.explaining_addresses import AddressExplanation, explain_address
from invitations.models import Invitation
from orgs.models import Organization
from outbox.models import EmailDelivery
from perfectworks.explaining_requests import explain_request
from perfectworks.management.explained_requests import actor_names, actor_text, request_as_json, request_as_text
from perfectworks.management.lookups import read_address

EMAIL_MODELS: tuple[type[EmailDelivery], ...] = (Email, AccountEmail)


class Command(BaseCommand):
    """Explain an email address, or a request."""

    help = (
        "Say what the service knows about an email address: its account, whether it has unsubscribed, and why each "
        "invitation to it has not been accepted, with the responses of mail servers. Or say what a request did, by its "
        "X-Request-ID: its events, emails and webhooks. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to explain, and ``--json``."""
        parser.add_argument(
            "what",
            help="An email address; the ID of an invitation or email, or a Message-ID, for the address it went to; or "
            "the X-Request-ID of a response or an email.",
        )
        parser.add_argument("--json", action="store_true", help="Print the explanation as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation. Raises CommandError for what is neither an address nor an ID."""
        what, as_json = options["what"].strip(), options["json"]
        address = _recipient(what)
        if address is None and is_request_id(what):
            request = explain_request(what)
            self.stdout.write(_dumped(request_as_json(request)) if as_json else "\n".join(request_as_text(request)))
            return
        found = explain_address(read_address(address or what))
        self.stdout.write(_dumped(_as_json(found)) if as_json else "\n".join(_as_text(found)))


def _dumped(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def _recipient(what: str) -> str | None:
    """Return the address to which the invitation or the email with this ID, or with this Message-ID, went."""
    pk = parse_uuid(what)
    for model in EMAIL_MODELS:
        emails: Any = model._default_manager
        found = emails.filter(message_id=f"<{what.strip('<>')}>") if pk is None else emails.filter(pk=pk)
        if recipient := found.values_list("recipient", flat=True).first():
            return str(recipient)
    return Invitation.objects.filter(pk=pk).values_list("email", flat=True).first() if pk else None


def _as_json(found: AddressExplanation) -> dict[str, Any]:
    return {
        "email": found.address,
        "lacksWorker": found.lacks_worker,
        "account": _account(found.account, is_verified=found.is_verified),
        "memberships": [
            {"organization": _reference(one.organization), "role": one.organization_role.name}
            for one in found.memberships
        ],
        "suppressions": [
            {"organization": _reference(one.organization), "createdAt": format_time(one.created_at)}
            for one in found.suppressions
        ],
        "accountEmails": [
            {
                "id": str(email.pk),
                "purpose": email.purpose,
                "state": email.state,
                "createdAt": format_time(email.created_at),
                "response": email.response or email.reason or None,
            }
            for email in found.account_emails
        ],
        "invitations": [_explained(one) for one in found.invitations],
        "similarAddresses": list(found.similar),
    }


def _account(account: User | None, *, is_verified: bool) -> dict[str, Any] | None:
    if account is None:
        return None
    states = {"isActive": account.is_active, "isDeleted": account.deleted_at is not None, "isVerified": is_verified}
    return {"id": str(account.pk), "name": account.get_full_name(), **states}


def _reference(organization: Organization | None) -> dict[str, str] | None:
    if organization is None:
        return None
    return {"id": str(organization.pk), "slug": organization.slug, "name": organization.name}


def _explained(one: Explanation) -> dict[str, Any]:
    represented = representing_serializer(ExplanationSerializer).to_representation(one)
    next_attempt = {"nextAttemptAt": one.next_attempt_at and format_time(one.next_attempt_at)}
    explained = json.loads(json.dumps(represented, default=str))
    return {"organization": _reference(one.invitation.organization), **explained, **next_attempt}


def _as_text(found: AddressExplanation) -> Iterator[str]:
    yield f"{found.address}: {_account_line(found)}"
    if found.lacks_worker:
        yield "No worker runs, so nothing is sent: start it with manage.py worker, or look at its log."
    for membership in found.memberships:
        yield f"Member of {_shown(membership.organization)} as {membership.organization_role.name}."
    for suppression in found.suppressions:
        yield _suppression_line(suppression)
    for email in found.account_emails:
        yield _email_line(email)
    for one in found.invitations:
        yield ""
        yield from _invitation_lines(one, is_unwanted=found.is_unwanted(one.invitation))
    if not found.invitations:
        yield "No organization has invited this address."
    if found.similar:
        yield f"Similar addresses that were invited: {', '.join(found.similar)}"


def _account_line(found: AddressExplanation) -> str:
    if found.account is None:
        return "no account has this address."
    state = "deleted" if found.account.deleted_at else "active" if found.account.is_active else "deactivated"
    verified = "verified" if found.is_verified else "not verified"
    return f"{state} account {found.account.pk}, the address is {verified}."


def _shown(organization: Organization) -> str:
    return f"{organization.name} ({organization.slug})"


def _suppression_line(suppression: Suppression) -> str:
    sender = suppression.organization.name if suppression.organization else "all organizations"
    return f"Unsubscribed from {sender} since {format_time(suppression.created_at)}."


def _email_line(email: AccountEmail) -> str:
    words = email.response or email.reason
    return f"{format_time(email.created_at)}  email {email.purpose}: {email.state}{f', {words}' if words else ''}"


def _invitation_lines(one: Explanation, *, is_unwanted: bool) -> Iterator[str]:
    invitation = one.invitation
    yield f"Invitation {invitation.pk} to {_shown(invitation.organization)}: {invitation.state}"
    yield f"  {one.sentence}{f' {one.words}' if one.words else ''}"
    if one.next_attempt_at and is_unwanted:
        yield f"  But this person has unsubscribed: the email is dropped at {format_time(one.next_attempt_at)}."
    elif one.next_attempt_at:
        yield f"  It is sent at {format_time(one.next_attempt_at)} at the earliest."
    names = actor_names(entry.event for entry in one.timeline if entry.event)
    for entry in one.timeline:
        yield f"  {format_time(entry.at)}  {_entry_text(entry, names)}"


def _entry_text(entry: Entry, names: dict[Any, str]) -> str:
    if entry.event:
        request = f", request {entry.event.request_id}" if entry.event.request_id else ""
        return f"{entry.label} {actor_text(entry.event, names)}{request}"
    label = f"Email ({entry.email_kind}): {entry.label.lower()}" if entry.email_id else entry.label
    return f"{label}{f', {entry.words}' if entry.words else ''}"
