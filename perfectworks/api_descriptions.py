"""Descriptions of the properties in the OpenAPI documents, for names that mean the same wherever they occur.

A field's own `help_text` has priority over this table. Keys are names in camelCase, or `Component.name` if a name has
another meaning in one component. `tests/perfectworks/test_openapi.py` fails for a property without a description and
for an entry of this table that is not used.
"""

from typing import Any

from core.api.names import camel_case

DESCRIPTIONS = {
    # Envelopes, errors and pages
    "success": "Whether the request succeeded.",
    "message": "What happened, in a sentence for people. The wording may change.",
    "data": "The result.",
    "error": "What went wrong.",
    "code": "The error code. It is stable.",
    "fields": "Messages by the name of the field, parameter or header.",
    "details": "Values that belong to this error, such as a limit.",
    "pagination": "The position of this page in the list.",
    "page": "The number of the page. The first page is 1.",
    "limit": "The maximum number of rows on a page.",
    "total": "The number of rows on all pages.",
    "pages": "The number of pages.",
    "hasNext": "Whether there are rows after this page.",
    "hasPrev": "Whether there are rows before this page.",
    "before": "The cursor for the rows before this page.",
    "after": "The cursor for the rows after this page.",
    "items": "The rows of the page.",
    "count": "The number of rows on all pages.",
    "totalDocs": "The number of rows on all pages.",
    "totalPages": "The number of pages. It is 1 if there are no rows.",
    "hasPrevPage": "Whether there is a page before this one.",
    "hasNextPage": "Whether there is a page after this one.",
    "prevPage": "The number of the previous page, or 0.",
    "nextPage": "The number of the next page, or 0.",
    "_links": "The URLs of this page and of its neighbors.",
    "self": "The URL of this page.",
    "next": "The URL of the next page. It is missing on the last page.",
    "prev": "The URL of the previous page. It is missing on the first page.",
    "href": "The URL.",
    "session": "The session of the caller.",
    "errors": "The errors. The list is empty if the request succeeded.",
    "detail": "What went wrong: a sentence, or a list of errors in the input.",
    "loc": "Where the error is: `path` or `query`, and the name of the parameter.",
    "msg": "What is wrong.",
    "input": "The value that was sent.",
    # What most objects have
    "id": "The ID.",
    "name": "The name.",
    "slug": "The name in URLs: lower-case letters, digits and hyphens.",
    "description": "A text about it.",
    "kind": "The kind of the workspace or application.",
    "createdAt": "The time of creation.",
    "updatedAt": "The time of the last change.",
    "expiresAt": "The time of expiry.",
    "permissions": "The names of the permissions.",
    # Organizations
    "organizationId": "The ID of the organization.",
    "logoUrl": "The URL of the logo.",
    "website": "The URL of the website.",
    "memberCount": "The number of members.",
    "seatLimit": "The maximum number of members. Null: no limit.",
    "seatsTaken": "The number of seats that members, invitees and people who wait for a seat take.",
    "archivedAt": "The time when the organization was archived. Null: it is not archived.",
    "members": "The number of members.",
    "people": "The number of members who are people.",
    "systemUsers": "The number of members that are system users.",
    "owners": "The number of owners.",
    "Statistics.units": "The number of workspaces and applications.",
    "openInvitations": "The number of invitations that can still be answered.",
    "waiting": "The number of invitees who accepted and wait for a seat.",
    # Events
    "Event.number": "The number of the event in its organization: 1, 2, 3, without a gap.",
    "Event.kind": "What happened, for example `member.removed`.",
    "at": "The time.",
    "actor": "Who did this.",
    "Subject.type": "The kind of the object.",
    "method": "The kind of credential.",
    "Event.data": "More facts, depending on the kind of the event. Events about a changed object have `changed`, `old` "
    "and `new`.",
    # Roles and units
    "role": "The role in the organization.",
    "CollaboratorRole.roleId": "The ID of the role in the unit.",
    "roleId": "The ID of the role in the organization.",
    "scope": "The level of the role: the organization, or a unit (a workspace or an application).",
    "builtIn": "Whether the role is built in. Built-in roles cannot be changed.",
    "unit": "The workspace or the application.",
    "unitId": "The ID of the workspace or application.",
    "unitRole": "The role in the workspace or application.",
    "unitRoleId": "The ID of the role in the workspace or application.",
    "units": "The member's roles in workspaces and applications.",
    "pictureUrl": "The URL of the picture.",
    # Users and members
    "User.kind": "A person (`client`) or a system user (`system`).",
    "Member.kind": "A person (`client`) or a system user (`system`).",
    "userId": "The ID of the user.",
    "memberId": "The ID of the member.",
    "firstName": "The first name.",
    "lastName": "The last name.",
    "email": "The email address.",
    "emailVerified": "Whether the user has verified the email address.",
    "avatarUrl": "The URL of the picture.",
    "joinedAt": "The time when the member joined.",
    "Transfer.memberId": "The ID of the member who becomes the owner.",
    # API keys and OAuth applications
    "secret": "The secret. Store it: it is not shown again.",
    "clientId": "The public identifier of the OAuth client.",
    "clientSecret": "The secret of the OAuth client. Store it: it is not shown again.",
    "public": "Whether the client is public. A public client has no secret.",
    "redirectUris": "The URIs to which codes may be sent.",
    "scopes": "The scopes that tokens of the application are limited to. An empty list: no limit.",
    "systemUserId": "The ID of the system user for which the application acts.",
    "NewApplication.kind": "`client` acts for people who agree, `personal` for you, `service` for a system user.",
    "NewApplication.memberId": "The ID of the system user's membership.",
    "NewApiKey.memberId": "The ID of the member who gets the key: you (null), or a system user.",
    "NewApiKey.permissions": "The permissions that the key is limited to. Null: all permissions of its member.",
    "NewApiKey.expiresAt": "The time from which the key is not valid. Null: no expiry.",
    "ApiKey.expiresAt": "The time from which the key is not valid. Null: no expiry.",
    # Invitations
    "state": "The state of the invitation.",
    "status": "The state of the invitation.",
    "invitationId": "The ID of the invitation.",
    "invitedAt": "The time of the invitation.",
    "declineReason": "The reason that the invitee gave for declining.",
    "supersededBy": "The ID of the invitation that replaced this one.",
    "finishedAt": "The time when the invitation stopped being open. Null: it is open, or the invitee waits for a seat.",
    "Delivery.kind": "The kind of the email.",
    "EntryEmail.kind": "The kind of the email.",
    "delivery": "The delivery of the newest email to the invitee.",
    "sentAt": "The time when the email was sent. Null: not yet.",
    "nextAttemptAt": "The time of the next delivery attempt. Null: there is none.",
    "timeline": "What happened to the invitation, oldest entry first.",
    "reason": "The reason.",
    "Reason.code": "The code of the reason. It is stable.",
    "mail": "The email that this entry is about.",
    "expiresInDays": "The number of days until the invitation expires.",
    "force": "Whether to replace an open invitation to the same address.",
    "token": "The token of the invitation's link.",
    # The dialects' own names
    "initialOrganizationRole": "The role in the organization.",
    "initialWorkspaceRole": "The role in the workspace.",
    "workspace": "The workspace.",
    "workspaceId": "The ID of the workspace.",
    "workspaceRoleId": "The ID of the role in the workspace.",
    "inviter": "The inviter.",
    "inviterRoles": "The current roles of the inviter.",
    "isSystemRole": "Whether the role is built in.",
    "alreadyMember": "Whether the caller was a member already.",
    "organizationName": "The name of the organization.",
    "organizationLogoUrl": "The URL of the organization's logo.",
    "organizationMemberCount": "The number of members of the organization.",
    "invitingUserName": "The name of the inviter.",
    "invitingUserAvatarUrl": "The URL of the inviter's picture.",
    "expirationDate": "The time of expiry.",
    "owner": "The inviter.",
    "displayName": "The name as it is shown.",
    "target": "What the invitation gives access to.",
    "targetId": "The ID of the application.",
    "picture": "The URL of the application's picture. It is missing if there is none.",
    "createdBy": "The ID of the inviter.",
    # The token endpoint
    "grantType": "The grant type.",
    "apiToken": "An API key, for the grant type `api_token`.",
    "codeVerifier": "The PKCE code verifier.",
    "redirectUri": "The redirect URI of the authorization request.",
    "refreshToken": "The refresh token.",
    "accessToken": "The access token.",
    "tokenType": "The type of the token.",
    "expiresIn": "The number of seconds until the access token expires.",
    "errorDescription": "What went wrong, in a sentence.",
}


def with_descriptions(result: Any, **_: Any) -> Any:
    """Describe each property that has no description. A postprocessing hook of drf-spectacular."""
    schemas = {name: described(schema, name) for name, schema in result["components"]["schemas"].items()}
    components = result["components"] | {"schemas": schemas}
    return result | {"paths": described(result["paths"], ""), "components": components}


def described(schema: Any, component: str) -> Any:
    """Return a copy of a schema in which every property, also of nested objects, has a description."""
    if isinstance(schema, list):
        return [described(one, component) for one in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: described(one, component) for name, one in schema.items()}
    if copy.get("type") == "object":
        for name, one in copy.get("properties", {}).items():
            found = description_of(component.removeprefix("Patched"), camel_case(name))
            if found and "$ref" not in one:
                one.setdefault("description", found)
    return copy


def description_of(component: str, name: str) -> str | None:
    """Return the description of a property of a component, or None."""
    return DESCRIPTIONS.get(f"{component}.{name}") or DESCRIPTIONS.get(name)
