"""``manage.py explain``: say why a person has not joined or did not get an email."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from accounts.email.models import AccountEmail
from accounts.models import User
from core.api.serializers import format_time, representing_serializer
from invitations.api.serializers import ExplanationSerializer
from invitations.email.address_hashes import Suppression
from invitations.explaining import Explanation
from invitations.explaining_addresses import AddressExplanation, explain_address
from orgs.models import Organization
from perfectworks.management.lookups import read_address


class Command(BaseCommand):
    """Explain an email address."""

    help = (
        "Say what the service knows about an email address: its account, whether it has unsubscribed, and why each "
        "invitation to it has not been accepted, with the responses of mail servers. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the address and ``--json``."""
        parser.add_argument("address", help="The email address.")
        parser.add_argument("--json", action="store_true", help="Print the explanation as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation. Raises CommandError if the address is not valid."""
        found = explain_address(read_address(options["address"]))
        text = json.dumps(_as_json(found), ensure_ascii=False) if options["json"] else "\n".join(_as_text(found))
        self.stdout.write(text)


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
    return {"organization": _reference(one.invitation.organization), **json.loads(json.dumps(represented, default=str))}


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
        yield from _invitation_lines(one)
    if not found.invitations:
        yield "No organization has invited this address."


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


def _invitation_lines(one: Explanation) -> Iterator[str]:
    invitation = one.invitation
    yield f"Invitation {invitation.pk} to {_shown(invitation.organization)}: {invitation.state}"
    yield f"  {one.sentence}{f' {one.words}' if one.words else ''}"
    for entry in one.timeline:
        label = f"Email ({entry.email_kind}): {entry.label.lower()}" if entry.email_id else entry.label
        yield f"  {format_time(entry.at)}  {label}{f', {entry.words}' if entry.words else ''}"
