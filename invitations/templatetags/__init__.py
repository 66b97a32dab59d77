"""Template tags of ``invitations``."""
