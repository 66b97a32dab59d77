"""Template tags of ``orgs``."""
