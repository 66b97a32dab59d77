"""Invite the rows of a text or file."""

from typing import Any
from uuid import UUID

from accounts.principals import Principal
from invitations.actions.inviting_many import invite_many
from invitations.bulk.rows import InviteRow, RowResult
from invitations.uploads.rows import Upload, UploadedRow
from orgs.lookups import RoleName


def invite_upload(*, by: Principal, organization_id: UUID, upload: Upload, **options: Any) -> list[RowResult]:
    """Invite the people in an upload. ``options`` and the errors are those of ``invite_many``.

    Words of other products for roles mean the built-in roles that the upload suggests, unless ``roles`` says otherwise.
    """
    return invite_many(
        by=by,
        organization_id=organization_id,
        rows=[invite_row(row) for row in upload.rows],
        suggested_roles={word: RoleName(role) for word, role in upload.role_words.items() if role},
        **options,
    )


def invite_row(row: UploadedRow) -> InviteRow:
    """Return a row of an upload as the action takes it."""
    return InviteRow(
        email=row.email,
        name=row.name,
        role=row.role,
        unit=row.unit,
        unit_role=row.unit_role,
        language=row.language,
        message=row.message,
        metadata=row.metadata,
        left_out=row.left_out or "",
    )
