"""Explain what the service knows about an email address, and why its person has not joined. For operators only."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from allauth.account.models import EmailAddress

from accounts.actions.address_ownership import account_of
from accounts.email.models import AccountEmail
from accounts.models import User
from core.addresses import Address
from invitations.email.address_hashes import Suppression
from invitations.email.models import Email
from invitations.email.suppressions import suppressions_by
from invitations.explaining import Explanation, explain
from invitations.models import Invitation
from orgs.models import Membership
from outbox.models import WorkerHeartbeat

MAX_COMPARED = 2000  # addresses, the newest
SAME_BEGINNING = 2  # characters, and then any number of mistakes
SIMILARITY = 0.85
MAX_SHOWN = 20  # of the invitations and of the emails about the account, the newest


@dataclass(frozen=True)
class AddressExplanation:
    """The account of an address, who may not send to it, and what became of the invitations and emails to it.

    ``lacks_worker`` is true if an email to it waits, and no worker runs that would send it.
    ``similar`` are invited addresses that may be the same one with a typing mistake, if nobody has invited this one.
    """

    address: Address
    account: User | None
    is_verified: bool
    memberships: Sequence[Membership]
    suppressions: Sequence[Suppression]
    account_emails: Sequence[AccountEmail]
    invitations: Sequence[Explanation]
    lacks_worker: bool
    similar: Sequence[str]

    def is_unwanted(self, invitation: Invitation) -> bool:
        """Return whether the person has unsubscribed from the emails of this invitation."""
        return any(one.organization_id in (None, invitation.organization_id) for one in self.suppressions)


def explain_address(address: Address) -> AddressExplanation:
    """Return the explanation, with the newest invitations and emails first."""
    account = account_of(address)
    invitations = Invitation.objects.filter(email=address).with_details().newest_first()[:MAX_SHOWN]
    emails = AccountEmail.objects.filter(recipient=address).prefetch_related("history").order_by("-id")[:MAX_SHOWN]
    members = Membership.objects.with_people_and_roles().select_related("organization")
    return AddressExplanation(
        address=address,
        account=account,
        is_verified=EmailAddress.objects.filter(email=address, verified=True).exists(),
        memberships=list(members.filter(user=account).order_by("organization__name", "pk")) if account else [],
        suppressions=[found.suppression for found in suppressions_by(address)],
        account_emails=list(emails),
        invitations=[explain(invitation, to_staff=True, with_account=True) for invitation in invitations],
        lacks_worker=_is_waiting(address) and not WorkerHeartbeat.objects.alive().exists(),
        similar=[] if invitations else similar_addresses(address),
    )


def _is_waiting(address: Address) -> bool:
    """Return whether an email to this address is not sent yet."""
    queues = (Email.objects, AccountEmail.objects)
    return any(queue.unsent().filter(recipient=address).exists() for queue in queues)


def similar_addresses(address: Address) -> list[str]:
    """Return invited addresses that differ little from this one, of a limited number with the same beginning.

    They begin with the same characters, or differ only in the domain.
    """
    invited = Invitation.objects.order_by("-id").values_list("email", flat=True)
    other_domain = invited.filter(email__startswith=address.partition("@")[0] + "@")
    near = invited.filter(email__startswith=address[:SAME_BEGINNING])
    candidates = dict.fromkeys([*other_domain[:MAX_SHOWN], *near[:MAX_COMPARED]])
    return get_close_matches(address, candidates, n=3, cutoff=SIMILARITY)
