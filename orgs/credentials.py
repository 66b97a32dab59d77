"""The credentials and scopes that each operation on organizations, members and users accepts."""

from accounts.credentials import ANYTHING, PERSON, SIGNED_IN
from accounts.oauth.scopes import ORGANIZATIONS, PROFILE
from orgs.oauth.scopes import ADMINISTRATION, ANY_ORGANIZATION, MEMBERS, NEW_PROJECTS, PROJECTS

credentials = {
    # Organizations
    "organizations.list": ANYTHING.scoped(*ANY_ORGANIZATION),
    "organizations.create": PERSON.scoped(ORGANIZATIONS),
    "organizations.current": ANYTHING.scoped(*ANY_ORGANIZATION),
    "organizations.retrieve": ANYTHING.scoped(*ANY_ORGANIZATION),
    "organizations.update": ANYTHING.scoped(*ADMINISTRATION),
    "organizations.partial_update": ANYTHING.scoped(*ADMINISTRATION),
    "organizations.statistics": ANYTHING.scoped(*MEMBERS),
    "organizations.by_slug": ANYTHING.but(public=True),
    "organizations.destroy": ANYTHING.scoped(ORGANIZATIONS),
    "organizations.restore": ANYTHING.scoped(ORGANIZATIONS),
    "organizations.leave": PERSON.scoped(ORGANIZATIONS),
    "organizations.transfer_ownership": SIGNED_IN.but(recent=True),
    "organizations.purge": SIGNED_IN.but(recent=True),
    "organization_events.list": ANYTHING.scoped(*MEMBERS),
    # Roles, workspaces, applications
    **{
        f"organization_roles.{name}": ANYTHING.scoped(*MEMBERS)
        for name in ("list", "create", "retrieve", "partial_update", "destroy")
    },
    **{
        f"{kind}.{name}": ANYTHING.scoped(*scopes)
        for kind in ("workspaces", "applications")
        for name, scopes in {
            "list": PROJECTS,
            "create": NEW_PROJECTS,
            "retrieve": PROJECTS,
            "partial_update": ADMINISTRATION,
            "destroy": ADMINISTRATION,
        }.items()
    },
    **{
        f"{kind}_collaborators.{name}": ANYTHING.scoped(*MEMBERS)
        for kind in ("workspace", "application")
        for name in ("list", "update", "destroy")
    },
    # Members
    **{
        f"members.{name}": ANYTHING.scoped(*MEMBERS)
        for name in ("list", "export", "retrieve", "partial_update", "destroy")
    },
    # Users
    "users.register": PERSON.but(public=True).scoped(
        PROFILE
    ),  # a caller with a credential already has an account; the request then only sets its names
    "users.register_system": ANYTHING.scoped(*MEMBERS),
    "users.profile": ANYTHING.scoped(PROFILE),
    "users.replace_profile": PERSON.scoped(PROFILE),
    "users.update_profile": PERSON.scoped(PROFILE),
    "users.export_profile": SIGNED_IN.but(recent=True),
    "users.delete_profile": SIGNED_IN,
    "users.purge_profile": SIGNED_IN.but(recent=True),
    "users.active_organization": ANYTHING.scoped(*ANY_ORGANIZATION),
    "users.switch_organization": PERSON.scoped(ORGANIZATIONS),
    # API keys
    **{
        f"api_keys.{name}": ANYTHING.scoped(ORGANIZATIONS)
        for name in ("list", "retrieve", "update", "partial_update", "destroy")
    },
    "api_keys.create": SIGNED_IN.but(recent=True),
    # OAuth applications
    **{f"oauth_applications.{name}": SIGNED_IN for name in ("list", "retrieve", "destroy")},
    **{
        f"oauth_applications.{name}": SIGNED_IN.but(recent=True)
        for name in ("create", "partial_update", "renew_secret")
    },
}
