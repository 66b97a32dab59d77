"""Every signal by which ``orgs`` causes something in ``invitations``.

Imports go down, so an action of ``orgs`` cannot call one of ``invitations``; it sends a signal. Each signal is sent
inside the action's transaction. ``invitations.receivers`` handles it at once; if a receiver raises, the action is
rolled back. The organization is locked, except for ``account_purged``. Decisions 7 and 27 say why.
"""

from django.dispatch import Signal

# A seat may be free. Sent when a membership ends, the seat limit changes or an organization is restored.
# invitations: complete the acceptances that wait for a seat.
seat_freed = Signal()  # sender=Organization, organization=Organization, by=Principal

# A role is about to be deleted; its members and invitations get the successor's role. Sent by ``roles.delete_role``.
# invitations: mark overdue invitations as expired; replace the role in unanswered ones.
role_deleting = Signal()  # sender=Role, organization=Organization, role=Role, successor=Role | None

# A unit is about to be deleted. Sent by ``units.delete_unit``.
# invitations: mark overdue invitations as expired, as they no longer keep the unit in use.
unit_deleting = Signal()  # sender=Unit, organization=Organization, unit=Unit

# An organization is about to be deleted. Sent by ``organizations.purge_organization``.
# invitations: delete its invitations.
organization_purging = Signal()  # sender=Organization, organization=Organization

# An account is about to be deleted. Sent by ``accounts.purge_account``.
# invitations: cancel the person's invitations; erase their name and addresses.
account_purged = Signal()  # sender=User, user=User, addresses=set[str], by=Principal
