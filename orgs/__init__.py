"""Organizations, units, roles, memberships and API keys."""
