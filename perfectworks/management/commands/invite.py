"""``manage.py invite``: invite the people in a file to an organization."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.errors import DomainError
from core.ids import parse_uuid
from invitations.actions.granting import DEFAULT_LIFETIME_DAYS
from invitations.api.bulk_serializers import BulkResult, BulkResultSerializer
from invitations.bulk.rows import InviteRow, RowResult, RowVerdict
from invitations.bulk.uploads import invite_upload
from invitations.bulk.verdicts import JudgedRow
from invitations.uploads.rows import Upload, UploadedRow, read_upload
from orgs.lookups import RoleKey, RoleName
from orgs.models import Organization
from orgs.permissions import OWNER_ROLE
from perfectworks.management.lookups import explain_refusal, organization_named
from perfectworks.management.progress import Phases

IN_WORDS = (RowVerdict.SCHEDULED, RowVerdict.OVER_LIMIT, RowVerdict.LEFT_OUT)


class Command(BaseCommand):
    """Invite the people in a file."""

    help = (
        "Invite the people in a file (CSV, XLSX, JSON, or text with addresses) to an organization. The invitations are "
        "from the member in --as, or else from the owner who has been a member for the longest time. They have the "
        "permissions and the limits of this person, who is named in the emails and in the audit log, because an "
        "invitation is valid only while its inviter may grant what it offers. Prints what became of each row."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file and the options."""
        parser.add_argument("file", type=Path, help="The file.")
        parser.add_argument("--organization", required=True, help="The slug or the ID of the organization.")
        parser.add_argument("--as", dest="member", help="The email address of the member who invites.")
        parser.add_argument("--role", default="", help="The role of rows without one: a name or an ID.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="WORD=ROLE",
            help="The role, a name or an ID, for a word of the file. Can be repeated.",
        )
        parser.add_argument("--days", type=int, default=DEFAULT_LIFETIME_DAYS, help="Days until the invitations end.")
        parser.add_argument("--dry-run", action="store_true", help="Print the same, and change nothing.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON, as the API returns it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, invite, and print the results."""
        try:
            self.invite(**options)
        except (DomainError, ValidationError) as error:
            raise explain_refusal(error) from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error

    def invite(self, **options: Any) -> None:
        """Do what the options say. Raises DomainError, ValidationError and OSError."""
        organization = organization_named(options["organization"])
        by = Principal(user=_member(organization, options["member"]), method=Method.SESSION)
        with Phases(cast("IO[str]", self.stderr)) as phases:
            upload = self.read(options["file"], phases)
            rows = len(upload.rows)
            phases.begin(f"Checking {rows:,} rows")

            def begin_to_invite(people: int) -> None:
                phases.end(f"Checked {rows:,} rows")
                phases.begin(f"Inviting {people:,} people as {by.user}")

            results = invite_upload(
                by=by,
                organization_id=organization.pk,
                upload=upload,
                default=InviteRow(email="", role=options["role"]),
                roles=dict(map(_mapped_role, options["map"])),
                lifetime_days=options["days"],
                dry_run=options["dry_run"],
                on_checked=begin_to_invite,
            )
            result = BulkResult(upload, results, options["dry_run"])
            invited = sum(result.counts.get(verdict, 0) for verdict in (RowVerdict.INVITED, RowVerdict.SCHEDULED))
            phases.end(f"Checked {rows:,} rows" if options["dry_run"] else f"Invited {invited:,} people as {by.user}")
        self.stdout.write(_as_json(result) if options["json"] else _as_text(upload, result))

    def read(self, file: Path, phases: Phases) -> Upload:
        """Read the file."""
        phases.begin(f"Reading {file}")
        upload = read_upload(file.read_bytes(), filename=file.name)
        phases.end(f"Read {len(upload.rows):,} rows")
        return upload


def _member(organization: Organization, address: str | None) -> User:
    members = User.objects.filter(memberships__organization=organization, is_active=True)
    if address:
        members = members.filter(emailaddress__email=normalize_address(address), emailaddress__verified=True)
    else:
        members = members.filter(memberships__assignments__role_id=OWNER_ROLE).order_by("memberships__created_at")
    member = members.first()
    if member is None:
        raise CommandError(f"{address or 'An owner'} is not an active member of {organization.name}.")
    return member


def _mapped_role(text: str) -> tuple[str, RoleKey]:
    word, _equals, role = (part.strip() for part in text.rpartition("="))
    if not word or not role:
        raise CommandError(f"--map {text}: a word and a role with = between them are expected.")
    return word, parse_uuid(role) or RoleName(role)


def _reason(row: UploadedRow, found: RowResult) -> str:
    """Return more about the verdict. Limits and times are in words, as on the pages."""
    return JudgedRow(row, found).reason if found.verdict in IN_WORDS else found.reason


def _as_json(result: BulkResult) -> str:
    return json.dumps(BulkResultSerializer().to_representation(result), default=str, ensure_ascii=False)


def _as_text(upload: Upload, result: BulkResult) -> str:
    lines = [
        "\t".join(
            str(part)
            for part in (row.number, found.email, found.verdict.value, _reason(row, found), *notes)
            if part != ""
        )
        for row, found in zip(upload.rows, result.results, strict=True)
        for notes in [[f"{note.code}: {note.value}" for note in row.notes]]
    ]
    return "\n".join([*lines, "", *(f"{count} {verdict}" for verdict, count in result.counts.items())])
