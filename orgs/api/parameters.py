"""Query parameters that name things of organizations."""

from uuid import UUID

from django.core.exceptions import ValidationError

from core.addresses import MAX_LENGTH, Address, normalize_address
from core.api.query import Parameter, Schema, Unreadable
from core.ids import parse_uuid
from orgs.permissions import BUILT_IN_ROLES, Level

BUILT_IN_NAMES = {name: key for key, name, level, _ in BUILT_IN_ROLES if level == Level.ORGANIZATION}


class AddressParameter(Parameter):
    """An e-mail address, compared in its normalized form; nothing in it is a wildcard."""

    def read(self, text: str) -> Address:
        """Return the normalized address."""
        try:
            return normalize_address(text)
        except ValidationError as error:
            raise Unreadable(error.messages[0]) from error

    def schema(self) -> Schema:
        """An address."""
        return {"type": "string", "format": "email", "maxLength": MAX_LENGTH}


class RoleName(Parameter):
    """An organization role by its id, or a built-in one by its name."""

    def read(self, text: str) -> UUID:
        """Return the id."""
        role_id = BUILT_IN_NAMES.get(text) or parse_uuid(text)
        if role_id is None:
            raise Unreadable(f"A role's id is expected, or one of {', '.join(BUILT_IN_NAMES)}.")
        return role_id

    def schema(self) -> Schema:
        """An id or a name."""
        return {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "enum": list(BUILT_IN_NAMES)}]}
