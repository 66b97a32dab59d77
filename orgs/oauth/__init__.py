"""OAuth applications and scopes."""
