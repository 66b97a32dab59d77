"""What this room tells the one above it.

Imports go down, so ``orgs`` cannot call ``invitations``; these two signals are the only way up. Both are sent
inside the transaction of the action, and a receiver that raises undoes the action.
"""

from django.dispatch import Signal

seat_freed = Signal()  # sender=Organization, organization=<locked>, by=Principal
account_purged = Signal()  # sender=User, user=<about to be erased>, addresses=set[str], by=Principal
