"""``manage.py create_organization``: create an organization, and invite its owner."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from core.api.serializers import format_time
from core.errors import DomainError
from invitations.actions.founding import create_organization_for_owner
from invitations.models import Invitation
from orgs.models import Organization
from perfectworks.management.lookups import explain_refusal, read_address, staff_named


class Command(BaseCommand):
    """Create an organization."""

    help = (
        "Create an organization, and invite its owner by email. The invitation is from the staff member in --as, or "
        "else from the first superuser, and is valid only while this account may create organizations."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the name and the options."""
        parser.add_argument("name", help="The name of the organization.")
        parser.add_argument("--owner", required=True, help="The email address of the owner.")
        parser.add_argument("--slug", default="", help="The name in URLs. By default, it is made from the name.")
        parser.add_argument("--language", default="", help="The language of its emails: en or de.")
        parser.add_argument("--as", dest="staff", help="The email address of the staff member who creates it.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it, and print what was created. Raises CommandError."""
        by = staff_named(options["staff"], "orgs.add_organization")
        email = read_address(options["owner"])
        try:
            organization = create_organization_for_owner(
                by=by, name=options["name"], email=email, slug=options["slug"], language=options["language"]
            )
        except (DomainError, ValidationError) as error:
            raise explain_refusal(error) from error
        invitation = Invitation.objects.get(organization=organization)
        self.stdout.write(_as_json(organization, invitation) if options["json"] else _as_text(organization, invitation))


def _as_json(organization: Organization, invitation: Invitation) -> str:
    invited = {"id": str(invitation.pk), "email": invitation.email, "expiresAt": format_time(invitation.expires_at)}
    created = {"id": str(organization.pk), "slug": organization.slug, "name": organization.name}
    return json.dumps({**created, "ownerInvitation": invited}, ensure_ascii=False)


def _as_text(organization: Organization, invitation: Invitation) -> str:
    return (
        f"Created {organization.name} ({organization.slug}), ID {organization.pk}.\n"
        f"The invitation to {invitation.email} waits in the outbox."
    )
