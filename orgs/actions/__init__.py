"""Actions that change organizations, members, roles, units, API keys and accounts. Each has its own module."""
