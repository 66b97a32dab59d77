"""Where you belong and what you may: organizations, units, roles, memberships and API keys."""
