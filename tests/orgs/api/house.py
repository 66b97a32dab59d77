"""Expected responses of the house API."""

import re
from typing import Any

from django.http import HttpResponse

from accounts.models import OAuthApplication, User
from core.api.serializers import format_time
from orgs.models import ApiKey, Organization, Role, Unit
from orgs.permissions import BUILT_IN_ROLES
from tests.support.people import membership_of
from tests.support.request_ids import json_without_request_id

API = "/api/v0"
ABSENT = "01900000-0000-7000-8000-000000000000"
BUILT_IN: dict[tuple[str, str], str] = {(level, name): str(key) for key, name, level, _ in BUILT_IN_ROLES}

# All fields of an organization's profile: with the names in the API, and with the names of the model's fields.
PROFILE = {
    "name": "Riverside Ltd.",
    "slug": "river",
    "description": "We sail.\nAnd row.",
    "logoUrl": "https://example.com/logo.svg",
    "website": "https://example.com/",
    "language": "de",
    "continueUrl": "https://app.example.com/welcome",
    "repliesGoToInviter": False,
    "replyTo": "hello@example.com",
    "emailFooter": "Riverside Ltd.\nRiver Street 1",
}
MODEL_PROFILE = {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): PROFILE[name] for name in PROFILE}

Answer = tuple[int, Any]


def said(response: HttpResponse) -> Answer:
    """Return the status and the parsed body, without the id of the request."""
    return response.status_code, json_without_request_id(response) if response.content else None


def success(message: str, data: Any, status: int = 200) -> Answer:
    return status, {"success": True, "message": message, "data": data}


def listed(message: str, rows: list[Any], **block: Any) -> Answer:
    """Return the response to a list request. Unless `block` says otherwise, these rows are the only page."""
    whole = {"page": 1, "limit": 10, "total": len(rows), "pages": 1 if rows else 0, "hasNext": False, "hasPrev": False}
    status, body = success(message, rows)
    return status, {**body, "pagination": {**whole, **block}}


def refused(status: int, code: str, message: str, **more: Any) -> Answer:
    return status, {"success": False, "message": message, "error": {"code": code, "message": message, **more}}


def invalid(**fields: list[str]) -> Answer:
    return refused(400, "invalid", "Some fields are not valid.", fields=fields)


def invalid_query(**fields: list[str]) -> Answer:
    return refused(400, "invalid_query", "Some query parameters are not valid.", fields=fields)


def lacking(permission: str) -> Answer:
    return refused(403, "permission_missing", "You lack the permission for this.", details={"permission": permission})


def too_wide(*permissions: str) -> Answer:
    return refused(
        403,
        "grant_too_wide",
        "You can only grant or remove permissions that you have yourself.",
        details={"missingPermissions": list(permissions)},
    )


ANONYMOUS = refused(401, "unauthenticated", "Authentication is required.")
OUTSIDER = refused(404, "organization_not_found", "There is no such organization.")
NO_MEMBER = refused(404, "member_not_found", "There is no such member.")
NO_ROLE = refused(404, "role_not_found", "There is no such role.")
NO_UNIT = refused(404, "unit_not_found", "There is no such workspace or application.")
NO_ORGANIZATION_YET = refused(409, "no_active_organization", "You do not belong to any organization yet.")
LAST_OWNER = refused(409, "last_owner", "An organization needs an owner: transfer the ownership first.")
SLUG_TAKEN = refused(409, "slug_taken", "This slug is taken.")
UNKNOWN_ROLE = refused(422, "unknown_role", "This organization has no such role.", fields={"roleId": ["Unknown role."]})
NOTHING_TO_CHANGE = refused(400, "invalid", "Name at least one field to change.")
DONE = (204, None)


def at(organization: Organization, *parts: object) -> str:
    """Return the path of an organization, followed by ``parts``."""
    return "/".join([f"{API}/organizations/{organization.pk}", *map(str, parts)])


def role(name: str, level: str = "organization") -> dict[str, str]:
    """Return a reference to a built-in role."""
    return {"id": BUILT_IN[level, name], "name": name}


def organization_row(organization: Organization, *, role_name: str, members: int = 3, **changes: Any) -> dict[str, Any]:
    row = Organization.objects.get(pk=organization.pk)
    return {
        "id": str(row.pk),
        "slug": row.slug,
        "name": row.name,
        "description": row.description,
        "logoUrl": row.logo_url or None,
        "website": row.website or None,
        "language": row.language or None,
        "continueUrl": row.continue_url or None,
        "repliesGoToInviter": row.replies_go_to_inviter,
        "replyTo": row.reply_to,
        "emailFooter": row.email_footer,
        "secondFactorRequired": row.second_factor_required,
        "defaultRole": {"id": str(row.default_role.pk), "name": row.default_role.name} if row.default_role else None,
        "seatLimit": row.seat_limit,
        "memberCount": members,
        "role": role(role_name),
        "createdAt": format_time(row.created_at),
        "updatedAt": format_time(row.updated_at),
        "archivedAt": format_time(row.deleted_at) if row.deleted_at else None,
        **changes,
    }


def member_row(user: User, organization: Organization, **changes: Any) -> dict[str, Any]:
    row = membership_of(user, organization)
    return {
        "id": str(row.pk),
        "userId": str(user.pk),
        "kind": user.kind,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "name": user.display_name,
        "email": user.email,
        "avatarUrl": user.avatar_url or None,
        "role": {"id": str(row.organization_role.pk), "name": row.organization_role.name},
        "permissions": row.permissions,
        "effectivePermissions": sorted(row.effective_permissions),
        "units": [],
        "joinedAt": format_time(row.created_at),
        **changes,
    }


def role_row(row: Role) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "name": row.name,
        "scope": row.level,
        "permissions": row.permissions,
        "builtIn": row.organization_id is None,
        "createdAt": format_time(row.created_at),
        "updatedAt": format_time(row.updated_at),
    }


def unit_row(row: Unit) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "slug": row.slug,
        "name": row.name,
        "pictureUrl": row.picture_url or None,
        "createdAt": format_time(row.created_at),
        "updatedAt": format_time(row.updated_at),
    }


def user_row(user: User) -> dict[str, Any]:
    """Return the user's own profile."""
    row = User.objects.get(pk=user.pk)
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "email": row.email,
        "emailVerified": row.email in row.verified_addresses(),
        "firstName": row.first_name,
        "lastName": row.last_name,
        "avatarUrl": row.avatar_url or None,
        "createdAt": format_time(row.created_at),
        "updatedAt": format_time(row.updated_at),
    }


def key_row(row: ApiKey) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "name": row.name,
        "description": row.description,
        "prefix": row.prefix,
        "permissions": row.permissions,
        "memberId": str(row.membership_id),
        "expiresAt": format_time(row.expires_at) if row.expires_at else None,
        "lastUsedAt": format_time(row.last_used_at) if row.last_used_at else None,
        "createdAt": format_time(row.created_at),
        "updatedAt": format_time(row.updated_at),
    }


def oauth_application_row(row: OAuthApplication) -> dict[str, Any]:
    row.refresh_from_db()
    service = "service" if row.system_user_id else "client"
    return {
        "id": str(row.pk),
        "kind": "personal" if row.acts_for_owner else service,
        "name": row.name,
        "clientId": row.client_id,
        "public": row.client_type == "public",
        "redirectUris": row.redirect_uris.split(),
        "scopes": row.allowed_scopes,
        "systemUserId": str(row.system_user_id) if row.system_user_id else None,
        "createdAt": format_time(row.created),
        "updatedAt": format_time(row.updated),
    }
