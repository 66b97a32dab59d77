"""Many invitations of an organization at once."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from core.api.operations import operation
from core.api.parameters import BooleanParameter
from invitations.api.bulk_parsers import FILE, BulkJSONParser, BulkMultiPartParser, CsvParser, FileContent
from invitations.api.bulk_serializers import BulkFileSerializer, BulkInviteSerializer, BulkResult, BulkResultSerializer
from invitations.bulk.uploads import invite_upload
from invitations.uploads.rows import read_upload
from orgs.api.organization_context import PathOrganizationContext

DRY_RUN = {
    "dryRun": BooleanParameter(default=False, help_text="With `true`, the response is the same and nothing changes.")
}
EXAMPLE = {
    "rows": [
        {"email": "ann@example.com", "name": "Ann Lee", "role": "Administrator"},
        {"email": "Bo Chen <bo@example.com>", "message": "Welcome, Bo!", "metadata": {"crmId": "4711"}},
    ],
    "role": "viewer",
    "roles": {"Administrator": "admin"},
    "expiresInDays": 14,
}


class ManyInvitationsViewSet(PathOrganizationContext):
    """Many invitations of an organization."""

    resource = "many_invitations"
    tag = "organization_invitations"
    parser_classes = [BulkJSONParser, CsvParser, BulkMultiPartParser]

    def read_body(self, request: Request) -> dict[str, Any]:
        """Return the arguments of the action. A file is read here. Raises ValidationError and UnreadableUpload."""
        fields: dict[str, Any] = dict(request.data)
        file = fields.pop(FILE, None)
        if not isinstance(file, FileContent):
            return super().read_body(request)
        serializer = BulkFileSerializer(data=fields, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        upload = read_upload(file.content, filename=file.name, content_type=file.media_type)
        return {**serializer.validated_data, "upload": upload}

    @operation(
        "Rows processed successfully",
        body=BulkInviteSerializer,
        example=EXAMPLE,
        response=BulkResultSerializer,
        parameters=DRY_RUN,
        headers=IDEMPOTENCY_KEY,
        errors=(409, 422),
    )
    @once
    def invite(self, request: Request, organization_id: UUID) -> Response:
        """Invite up to 10,000 people to an organization.

        The rows that can be invited are invited. Each row gets a verdict, and no row fails because of another one.
        Emails over the daily sending limits are `scheduled`. Rows that invite one person to several workspaces or
        applications, with the same language and message, share one email.

        Instead of JSON, you can send a file: as the whole body with the media type `text/csv`, or as `file` in a
        `multipart/form-data` body, whose other fields are those of the JSON body (`roles` as JSON). It can be CSV, TSV,
        XLSX, JSON or plain text with addresses, up to 10 MB. The columns of the exports of Google Workspace, Slack,
        Okta, Microsoft Entra, Mailchimp, GitHub, Auth0, Clerk and WorkOS are known. `roles` maps the words of the file
        for roles; `roleWords` in the response lists them.
        """
        dry_run = self.query["dryRun"]
        upload = self.body.pop("upload")
        results = invite_upload(
            by=self.caller, organization_id=organization_id, upload=upload, dry_run=dry_run, **self.body
        )
        return self.respond(BulkResult(upload, results, dry_run))
