"""What can happen to an invitation: one module for each story."""
