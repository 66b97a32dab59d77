"""The scopes of our authorization server: what a person lets an OAuth client do. In words: ``orgs.oauth.scopes``.

``invitations`` and ``profile`` admit to the operations about the person, ``organizations`` to all that the user may do
in organizations. Besides, each permission that can be granted by itself is a scope of the same name, and admits to
what that permission is for: a token for billing reads no list of members, although each member may.
"""

PROFILE = "profile"
INVITATIONS = "invitations"
ORGANIZATIONS = "organizations"

# Those named after a permission (``orgs.permissions``).
ADMIN = "organization:admin"
MANAGE_MEMBERS = "organization:manage_members"
MANAGE_BILLING = "organization:manage_billing"
MANAGE_PLANS = "organization:manage_plans"
CREATE_PROJECTS = "organization:create_projects"
LIST_PROJECTS = "organization:list_projects"

# What an operation may be about, and the scopes that cover it.
ADMINISTRATION = frozenset({ORGANIZATIONS, ADMIN})
MEMBERS = ADMINISTRATION | {MANAGE_MEMBERS}
NEW_PROJECTS = ADMINISTRATION | {CREATE_PROJECTS}
PROJECTS = NEW_PROJECTS | {LIST_PROJECTS}
ANY_ORGANIZATION = MEMBERS | PROJECTS | {MANAGE_BILLING, MANAGE_PLANS}
