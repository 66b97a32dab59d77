"""The signals that ``orgs`` sends to ``invitations``.

``orgs`` must not import ``invitations``, so an action of ``orgs`` sends a signal instead of calling ``invitations``.
Each signal is sent inside the action's transaction, and ``invitations.receivers`` handles it synchronously. If a
receiver raises, the action is rolled back. The organization is locked, except for ``account_purging``. Decisions 7 and
27 explain why.
"""

from django.dispatch import Signal

# A seat may have become free. Sent when a membership ends, the seat limit changes or an organization is restored.
# Receiver in ``invitations``: complete the acceptances that wait for a seat.
seat_freed = Signal()  # sender=Organization, organization=Organization, by=Principal

# The daily limit of emails has changed. Sent by ``organizations.set_daily_email_limit``.
# Receiver in ``invitations``: schedule the scheduled emails for the times that the new limit permits.
daily_email_limit_set = Signal()  # sender=Organization, organization=Organization, by=Principal

# A role is about to be deleted. Its members and invitations get the role ``successor``. Sent by ``roles.delete_role``.
# Receiver in ``invitations``: mark overdue invitations as expired, and replace the role in unanswered invitations.
role_deleting = Signal()  # sender=Role, organization=Organization, role=Role, successor=Role | None

# A unit is about to be deleted. Sent by ``units.delete_unit``.
# Receiver in ``invitations``: mark overdue invitations as expired, so that they do not prevent the deletion.
unit_deleting = Signal()  # sender=Unit, organization=Organization, unit=Unit

# An organization is about to be deleted. Sent by ``organizations.purge_organization``.
# Receiver in ``invitations``: delete the organization's invitations.
organization_purging = Signal()  # sender=Organization, organization=Organization

# An account is about to be purged, and nothing is locked yet. Sent by ``accounts.purge_account``.
# Receiver in ``invitations``: return the ids of the organizations that invited the person, so that they are locked.
account_purging = Signal()  # sender=User, user=User, addresses=set[str]

# An account is about to be deleted. Sent by ``accounts.purge_account`` with the ids of the organizations it has locked.
# Receiver in ``invitations``: cancel the person's invitations, and erase the person's name and addresses.
account_purged = Signal()  # sender=User, user=User, addresses=set[str], locked=set[UUID], by=Principal
