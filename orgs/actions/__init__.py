"""What can happen to an organization and what belongs to it: one module per noun."""
