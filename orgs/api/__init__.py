"""The house API of organizations, members, roles, units, API keys and accounts."""
