"""What people do to their own account, and what the worker cleans up."""
