"""What the confirmation pages of the admin say: a function for each button, a sentence for each effect."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from orgs.models import ApiKey, Membership, Organization


def of_archiving(organization: Organization) -> Sequence[str]:
    """Return what ends when an organization is archived."""
    return [
        _members(organization.memberships.count()),
        _("Nobody can accept an invitation to it."),
        _("API keys and OAuth tokens have no access to it."),
        _("Nothing is deleted. You can restore the organization."),
    ]


def of_purging(organization: Organization) -> Sequence[str]:
    """Return what ends when an organization is deleted permanently."""
    count = organization.memberships.count()
    return [
        ngettext("%(count)s membership is deleted.", "%(count)s memberships are deleted.", count) % {"count": count},
        _("All invitations, roles, workspaces and API keys of the organization are deleted."),
        _("Its service accounts are deactivated."),
        _("The audit log stays."),
    ]


def of_deactivating(user: User) -> Sequence[str]:
    """Return what ends when an account is deactivated."""
    return [*_credentials(user), _sent(), _("The memberships stay. You can reactivate the account.")]


def of_deleting(user: User) -> Sequence[str]:
    """Return what ends when an account is deleted."""
    count = user.memberships.count()
    return [
        *_credentials(user),
        ngettext("%(count)s membership ends.", "%(count)s memberships end.", count) % {"count": count},
        _sent(),
        _("A reactivation does not restore the memberships."),
    ]


def of_changing_staff_role(user: User) -> Sequence[str]:
    """Return what ends when a person gets a staff role with fewer rights. Nothing ends for people who are not staff."""
    if not user.is_staff:
        return []
    return [
        _(
            "If the new role may not send invitations, nobody can accept those that this person sent in the admin, "
            "until a manager or other staff send them again."
        )
    ]


def of_erasing(user: User) -> Sequence[str]:
    """Return what ends when an account is deleted permanently."""
    return [
        _("The account, its email addresses and its external identities are deleted."),
        _("The name and the addresses are removed from invitations and emails."),
        _("Open invitations to this person are withdrawn."),
        _("The audit log keeps only the ID of the account."),
    ]


def of_removing_two_factor(user: User) -> Sequence[str]:
    """Return what ends when staff remove two-factor authentication."""
    return [
        _("All authenticator apps and recovery codes of this person stop working."),
        _("The person then signs in with the password only, and can set up two-factor authentication again."),
        _("Until then, the person cannot open organizations that require two-factor authentication."),
        _("The person gets an email about it. Make sure first that it is the person who asks you."),
    ]


def of_confirming_address(user: User) -> Sequence[str]:
    """Return what changes when staff verify an address for a person."""
    return [
        _("The address then belongs to this account, as if the person had opened the link in our email."),
        _("The person can accept invitations to this address, and reset the password with it."),
        _("Accounts that have not verified the address lose it."),
        _("The person is told by email to the primary address."),
        _("Do this only if you know that the mailbox belongs to this person."),
    ]


def of_ending_sessions(user: User) -> Sequence[str]:
    """Return what ends when staff end the sessions of a person."""
    return [
        _("The person is signed out everywhere, and can sign in again."),
        _("The password, API keys and OAuth tokens stay. If somebody else knows the password, secure the account."),
    ]


def of_securing(user: User) -> Sequence[str]:
    """Return what ends when staff take an account back from somebody who has taken it over."""
    _signed_out, *others = _credentials(user)
    return [
        _("The person is signed out everywhere. The current password stops working."),
        *others,
        _("All addresses are removed, except the one that you choose. It gets a link to choose a new password."),
        _("Two-factor authentication and identities at other services stay. Check whether they are the person's."),
    ]


def of_removing(membership: Membership) -> Sequence[str]:
    """Return what ends when a member is removed."""
    return [
        _("%(person)s can no longer open the organization %(organization)s.") % _names(membership),
        _("All roles and permissions of this member end, also in workspaces and applications."),
        _keys(ApiKey.objects.filter(membership=membership).count()),
        _("Nobody can accept the invitations that this member sent, until a manager sends them again."),
    ]


def of_making_owner(membership: Membership) -> Sequence[str]:
    """Return what changes when a member becomes the owner."""
    return [
        _("The role “%(role)s” of this member ends.") % {"role": membership.organization_role.name},
        _("%(person)s can do everything in the organization %(organization)s, and delete it.") % _names(membership),
        _("The other owners stay owners."),
    ]


def of_deleting_key(key: ApiKey) -> Sequence[str]:
    """Return what ends when an API key is deleted."""
    return [_("Programs that use the key “%(name)s” have no access from now on.") % {"name": key.name}]


def _sent() -> str:
    return _("Nobody can accept the invitations that this person sent, until a manager or other staff send them again.")


def _members(count: int) -> str:
    text = ngettext("%(count)s member cannot open it.", "%(count)s members cannot open it.", count)
    return text % {"count": count}


def _credentials(user: User) -> list[str]:
    keys = ApiKey.objects.filter(Q(membership__user=user) | Q(responsible=user)).count()
    return [_("The person is signed out everywhere and cannot sign in."), _keys(keys), _("All OAuth tokens end.")]


def _keys(count: int) -> str:
    return ngettext("%(count)s API key is deleted.", "%(count)s API keys are deleted.", count) % {"count": count}


def _names(membership: Membership) -> dict[str, str]:
    return {"person": membership.user.display_name, "organization": membership.organization.name}
