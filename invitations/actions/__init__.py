"""What can happen to an invitation: one module per story."""
