"""The credentials that each invitation operation of the house API accepts. See `accounts.credentials`."""

from accounts.credentials import ANYTHING, IDENTITY_PROVIDER, PERSON
from accounts.oauth.scopes import INVITATIONS
from orgs.oauth.scopes import MEMBERS

credentials = {
    "member_invitations.invite": ANYTHING.scoped(*MEMBERS),
    "member_invitations.invites": IDENTITY_PROVIDER,
    "member_invitations.join": PERSON.scoped(INVITATIONS),
    **{
        f"organization_invitations.{name}": ANYTHING.scoped(*MEMBERS)
        for name in (
            *("list", "export", "create", "retrieve", "explain", "partial_update", "destroy"),
            *("resend", "cancel", "correct_address", "link"),
        )
    },
    "many_invitations.invite": ANYTHING.scoped(*MEMBERS),
    **{f"selected_invitations.{name}": ANYTHING.scoped(*MEMBERS) for name in ("resend", "cancel", "extend")},
    **{f"my_invitations.{name}": PERSON.scoped(INVITATIONS) for name in ("list", "retrieve", "accept", "decline")},
    "my_invitations.lookup": ANYTHING.but(public=True),
}
