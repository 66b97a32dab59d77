"""Writes. Each action locks the organization, checks the permission, and records an event."""
