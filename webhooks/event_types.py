"""The types of webhooks: the kinds of events about invitations, members, roles, units and the organization."""

from events.kinds import KINDS

TOPICS = ("invitation", "membership", "role", "unit", "organization")
# There is no endpoint yet when an organization is created, and none any more when it is purged. Who copied a link is
# for the audit log only, and legal holds and transfers for staff only.
_LEFT_OUT = frozenset(
    {
        *("organization.created", "organization.purged", "organization.exported", "organization.imported"),
        *("organization.legal_hold_set", "invitation.link_copied"),
    }
)

EVENT_TYPES = tuple(kind for kind in KINDS if kind.partition(".")[0] in TOPICS and kind not in _LEFT_OUT)
TEST_TYPE = "webhook.test"
