"""Tell what the end of a role or a unit changes for members: an event for each, as if each had been changed alone.

Who follows the events, such as a receiver of webhooks, then knows all members without reading the list again.
"""

from accounts.principals import Principal
from events.changed_fields import describe_changes
from orgs.actions.saving import record
from orgs.lookups import grant_data
from orgs.models import Organization, Role, RoleAssignment, Unit
from orgs.policies import Grant

MAX_TOLD = 10_000  # members; with more events, the transaction would take too long


def reassign_members(by: Principal, organization: Organization, role: Role, successor: Role) -> dict[str, int]:
    """Give the members with a role another one. Return more data for the event about the role (``_to_tell``)."""
    assignments, untold = _to_tell(role=role)
    RoleAssignment.objects.filter(role=role).update(role=successor)
    changed = describe_changes({"role_id": role.pk}, {"role_id": successor.pk}, of=RoleAssignment)
    for one in assignments:
        member = one.membership
        if one.unit_id is None:
            facts = grant_data(Grant(successor, frozenset(member.permissions)))
            record("membership.roles_changed", by, member, organization, user_id=member.user_id, **facts, **changed)
        else:
            facts = {"unit_id": one.unit_id, "role_id": successor.pk}
            record("membership.unit_role_assigned", by, member, organization, **facts, **changed)
    return untold


def end_unit_roles(by: Principal, organization: Organization, unit: Unit) -> dict[str, int]:
    """Delete the roles of members in a unit. Return more data for the event about the unit (``_to_tell``)."""
    assignments, untold = _to_tell(unit=unit)
    RoleAssignment.objects.filter(unit=unit).delete()
    for one in assignments:
        changed = describe_changes({"role_id": one.role_id}, {"role_id": None}, of=RoleAssignment)
        record("membership.unit_role_removed", by, one.membership, organization, unit_id=unit.pk, **changed)
    return untold


def _to_tell(**of: Role | Unit) -> tuple[list[RoleAssignment], dict[str, int]]:
    """Return the roles of members to tell. Of too many, return none, and their number as ``untold_members``."""
    found = RoleAssignment.objects.filter(**of).order_by("pk")
    assignments = list(found.select_related("membership")[: MAX_TOLD + 1])
    return (assignments, {}) if len(assignments) <= MAX_TOLD else ([], {"untold_members": found.count()})
