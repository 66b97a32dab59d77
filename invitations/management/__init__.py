"""Commands of ``invitations``."""
