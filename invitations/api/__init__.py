"""The invitation endpoints of the house API."""
