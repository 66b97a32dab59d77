"""Which rows may be invited: the checks of each row by itself, and those that the database answers for all rows."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, ExpressionWrapper, F

from accounts.principals import Principal
from core.addresses import Address, normalize_address
from core.any_of import AnyOf
from core.languages import validate_language
from core.metadata import validate_metadata
from core.text import trimmed, validate_plain_multiline_text, validate_plain_text
from invitations.actions.inviting_together import MAX_UNITS
from invitations.bulk.grants import RowGrants
from invitations.bulk.rows import InviteRow, RowRefused, RowVerdict
from invitations.models import MAX_MESSAGE, MAX_NAME, Invitation
from invitations.querysets import OVERDUE
from orgs.models import Organization
from orgs.policies import Grant

Party: TypeAlias = list["Candidate"]  # the rows that share one email

OWN_ACCOUNT = "own_account"  # the reason for which staff do not invite themselves
CHECKS: dict[str, Any] = {
    "name": (MAX_NAME, validate_plain_text),
    "message": (MAX_MESSAGE, validate_plain_multiline_text),
    "language": (None, validate_language),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may be invited if there is room."""

    place: int
    address: Address
    grant: Grant
    personal: dict[str, Any]

    @property
    def target(self) -> tuple[str, UUID | None]:
        """What at most one unanswered invitation may be for."""
        return self.address, self.grant.unit.pk if self.grant.unit else None

    @property
    def email_key(self) -> Any:
        """What rows have in common that share an email: one person is invited to several units with the same texts."""
        return (self.address, self.personal["language"], self.personal["message"]) if self.grant.unit else self.place


def parties_of(candidates: Iterable[Candidate]) -> list[Party]:
    """Divide the rows into those that share one email, at most MAX_UNITS each. Keep their order."""
    parties: list[Party] = []
    latest: dict[Any, Party] = {}
    for candidate in candidates:
        key = candidate.email_key
        if key not in latest or len(latest[key]) == MAX_UNITS:
            latest[key] = []
            parties.append(latest[key])
        latest[key].append(candidate)
    return parties


def address_of(row: InviteRow) -> Address:
    """Return the normalized address of a row. Raises RowRefused if the row is to be left out or has no address."""
    if row.left_out:
        raise RowRefused(RowVerdict.LEFT_OUT, row.left_out)
    try:
        return normalize_address(row.email)
    except ValidationError as error:
        raise RowRefused(RowVerdict.INVALID_ADDRESS, error.messages[0]) from error


def candidate_of(place: int, row: InviteRow, address: Address, default: InviteRow, grants: RowGrants) -> Candidate:
    """Return a row as a candidate. Raises RowRefused for an invalid value and for a grant that is not possible."""
    texts = {
        "name": trimmed(row.name),
        "message": (row.message or default.message).replace("\r\n", "\n"),
        "language": row.language or default.language,
    }
    for name, text in texts.items():
        _require_valid(name, text)
    _require_metadata(row.metadata)
    name = texts.pop("name")
    return Candidate(place, address, grants.of(row), {**texts, "invitee_name": name, "metadata": row.metadata})


def _require_valid(name: str, text: str) -> None:
    max_length, validate = CHECKS[name]
    if not text:
        return
    try:
        validate(text)
    except ValidationError as error:
        raise RowRefused(RowVerdict.INVALID_ROW, name) from error
    if max_length and len(text) > max_length:
        raise RowRefused(RowVerdict.INVALID_ROW, name)


def _require_metadata(metadata: dict[str, Any]) -> None:
    if not metadata:
        return
    try:
        validate_metadata(metadata)
    except ValidationError as error:
        raise RowRefused(RowVerdict.INVALID_ROW, "metadata") from error


class Known:
    """What the organization knows about the addresses of all rows, from three queries."""

    def __init__(self, by: Principal, organization: Organization, addresses: Collection[str]) -> None:
        self.own = _own_addresses(by)
        verified = EmailAddress.objects.filter(AnyOf(F("email"), list(addresses)), verified=True)
        of_members = verified.filter(user__memberships__organization=organization)
        self.members = set(of_members.values_list("email", flat=True))
        self.invited: dict[tuple[str, UUID | None], UUID] = {}
        self.overdue: dict[tuple[str, UUID | None], UUID] = {}
        for key, email, unit, is_overdue in _unanswered(organization, addresses):
            (self.overdue if is_overdue else self.invited)[email, unit] = key

    def require_new(self, candidate: Candidate) -> None:
        """Raise RowRefused if staff invite themselves, for a member, and if there is an unanswered invitation."""
        if candidate.address in self.own:
            raise RowRefused(RowVerdict.LEFT_OUT, OWN_ACCOUNT)
        if candidate.address in self.members:
            raise RowRefused(RowVerdict.ALREADY_MEMBER)
        if candidate.target in self.invited:
            raise RowRefused(RowVerdict.ALREADY_INVITED, invitation_id=self.invited[candidate.target])


def _unanswered(organization: Organization, addresses: Iterable[str]) -> Iterator[tuple[UUID, str, UUID | None, bool]]:
    rows = Invitation.objects.filter(AnyOf(F("email"), list(addresses)), organization=organization).unanswered()
    has_ended = ExpressionWrapper(OVERDUE, output_field=BooleanField())
    yield from rows.values_list("pk", "email", "unit_id", has_ended)


def _own_addresses(by: Principal) -> frozenset[str]:
    """Return the addresses that the caller may not invite: those of staff, who act for others."""
    if not by.is_staff or by.user is None:
        return frozenset()
    own = EmailAddress.objects.filter(user=by.user).values_list("email", flat=True)
    return frozenset([*own, *([by.user.email] if by.user.email else [])])
