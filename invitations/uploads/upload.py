"""What an upload consists of. Import these names from ``invitations.uploads.rows``."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Format(TextChoices):
    """The formats of texts and files. Those of a product are recognized by their columns."""

    TEXT = "text", _("Text with email addresses")
    TABLE = "table", _("Table")
    JSON = "json", "JSON"
    GOOGLE_WORKSPACE = "google_workspace", _("Users of Google Workspace")
    SLACK = "slack", _("Members of Slack")
    OKTA = "okta", _("People in Okta")
    ENTRA = "entra", _("Bulk invitation of Microsoft Entra")
    MAILCHIMP = "mailchimp", _("Audience of Mailchimp")
    GITHUB = "github", _("Invitations of a GitHub organization")
    AUTH0 = "auth0", _("Invitations of an Auth0 organization")
    CLERK = "clerk", _("Bulk invitations of Clerk")
    WORKOS = "workos", _("Invitations of WorkOS")


class LeftOut(TextChoices):
    """The reasons not to invite a row."""

    SUSPENDED = "suspended", _("Suspended")
    DEACTIVATED = "deactivated", _("Deactivated")
    EXPIRED = "expired", _("The guest's access has ended")
    BOT = "bot", _("A bot")
    NO_ADDRESS = "no_address", _("No email address")
    NOT_TO_BE_SENT = "not_to_be_sent", _("The file says not to invite")


class NoteCode(TextChoices):
    """What a file can say that an invitation does not contain."""

    GUEST_UNTIL = "guest_until", _("Guest until")
    GROUPS = "groups", _("Groups")
    TAGS = "tags", _("Tags")
    REDIRECT = "redirect", _("Page after accepting")
    INTERNAL_ADDRESS = "internal_address", _("Internal name of a directory, which gets no email")
    MORE_ROLES = "more_roles", _("More roles")
    STATE = "state", _("State")
    FAILURE = "failure", _("Failed earlier")
    PRIVATE_METADATA = "private_metadata", _("Private metadata")
    OTHER = "other", _("Also in the list")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a row says and that is not carried over to the invitation."""

    code: NoteCode
    value: str


@dataclass(frozen=True, slots=True)
class UploadedRow:
    """One person in a text or file.

    ``number`` is the row of the sheet (the header is row 1), the place in the JSON list, or the place of the person in
    the text. ``line`` is the line of a text that is no table, or 0. ``email`` is neither normalized nor validated, and
    may be empty. ``name`` and ``message`` contain no characters that `core.text` refuses. ``role``, ``unit`` and
    ``unit_role`` are the words of the file. ``left_out`` is a reason not to invite this row.
    """

    number: int
    email: str
    name: str = ""
    role: str = ""
    unit: str = ""
    unit_role: str = ""
    language: str = ""
    message: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    left_out: LeftOut | None = None
    notes: tuple[Note, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Upload:
    """The rows of a text or file.

    ``role_words`` contains each word for a role, with the name of the built-in role that it probably means, or "".
    """

    format: Format
    rows: list[UploadedRow]
    role_words: dict[str, str]
