"""The grants of many rows. Each combination of a role, a unit and a role in it is resolved and checked once."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q

from core.errors import Denied
from core.ids import parse_uuid
from invitations.actions.granting import require_grant
from invitations.bulk.rows import InviteRow, RowRefused, RowVerdict
from orgs.folded_names import fold_name
from orgs.lookups import RoleKey
from orgs.models import Organization, Role, Unit
from orgs.permissions import UNASSIGNED_ROLE, Level
from orgs.policies import EffectivePermissions, Grant

RoleWords = Mapping[str, RoleKey]


class RowGrants:
    """Resolve the words of rows. Two queries load the roles of the organization and the units that the rows name.

    ``roles`` are roles by the words that the caller chose them for. ``suggested`` are used for words that are neither
    among these nor the id or the name of a role. ``default`` are the words of rows without any.
    """

    def __init__(
        self,
        organization: Organization,
        held: EffectivePermissions,
        rows: Iterable[InviteRow],
        *,
        roles: RoleWords,
        suggested: RoleWords,
        default: InviteRow,
    ) -> None:
        self.organization, self.held, self.default = organization, held, default
        self.chosen = {fold_name(word): key for word, key in roles.items()}
        self.suggested = {fold_name(word): key for word, key in suggested.items()}
        usable = list(Role.objects.usable_in(organization.pk))
        self.roles_by_id = {(role.level, role.pk): role for role in usable}
        self.roles_by_name = {(role.level, fold_name(role.name)): role for role in usable}
        self.units = _units_by_word(organization, {row.unit for row in rows} | {default.unit})
        self.found: dict[tuple[str, str, str], Grant | RowRefused] = {}

    def of(self, row: InviteRow) -> Grant:
        """Return the grant of a row. Raises RowRefused."""
        words = (row.role or self.default.role, row.unit or self.default.unit, row.unit_role)
        if words not in self.found:
            self.found[words] = self._resolved(*words)
        found = self.found[words]
        if isinstance(found, RowRefused):
            raise found
        return found

    def _resolved(self, role: str, unit: str, unit_role: str) -> Grant | RowRefused:
        try:
            grant = self._grant(role, unit, unit_role)
            require_grant(self.held, grant)
        except RowRefused as refused:
            return refused
        except Denied:
            return RowRefused(RowVerdict.ROLE_NOT_YOURS, unit_role or role)
        return grant

    def _grant(self, role: str, unit: str, unit_role: str) -> Grant:
        organization_role = self._organization_role(role)
        if not unit and not unit_role:
            return Grant(role=organization_role)
        role_there = unit_role or self.default.unit_role
        if not unit or not role_there:
            raise RowRefused(RowVerdict.INVALID_ROW, "unit_role" if unit else "unit")
        found = self.units.get(unit) or self.units.get(unit.casefold())
        if found is None:
            raise RowRefused(RowVerdict.UNKNOWN_UNIT, unit)
        return Grant(role=organization_role, unit=found, unit_role=self._role(role_there, Level.UNIT))

    def _organization_role(self, word: str) -> Role:
        if word:
            return self._role(word, Level.ORGANIZATION)
        key = self.organization.default_role_id or UNASSIGNED_ROLE
        return self.roles_by_id[Level.ORGANIZATION, key]

    def _role(self, word: str, level: Level) -> Role:
        """Return the role for a word: the chosen one, the one with this id or name, or the suggested one."""
        folded = fold_name(word)
        chosen = self.chosen.get(folded)
        keys = [chosen] if chosen else [parse_uuid(word), word, self.suggested.get(folded)]
        found = next((role for key in keys if key and (role := self._by_key(key, level))), None)
        if found is None:
            raise RowRefused(RowVerdict.UNKNOWN_ROLE, word)
        return found

    def _by_key(self, key: UUID | str, level: Level) -> Role | None:
        if isinstance(key, UUID):
            return self.roles_by_id.get((level, key))
        return self.roles_by_name.get((level, fold_name(key)))


def _units_by_word(organization: Organization, words: set[str]) -> dict[str, Unit]:
    """Return the organization's units by those words that are their ids, slugs or names.

    A slug counts before a name. A name that several units have counts for none.
    """
    named = words - {""}
    if not named:
        return {}
    ids = [key for key in map(parse_uuid, named) if key]
    lowered = {word.casefold() for word in named}
    condition = Q(pk__in=ids) | Q(slug__in=lowered) | Q(name__in=named)
    found = list(Unit.objects.filter(condition, organization=organization))
    names = [unit.name for unit in found]
    by_name = {unit.name: unit for unit in found if names.count(unit.name) == 1}
    slugs = [unit.slug for unit in found]
    by_slug = {unit.slug: unit for unit in found if slugs.count(unit.slug) == 1}
    return {**by_name, **by_slug, **{str(unit.pk): unit for unit in found}}
