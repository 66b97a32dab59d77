"""What can happen to an organization and to what it contains: one module for each noun."""
