"""Actions on a person's own account, and the maintenance tasks of accounts."""
