"""Actions that change organizations, members, roles, units, API keys and accounts: one module for each."""
