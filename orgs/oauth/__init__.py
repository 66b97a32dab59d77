"""OAuth applications: who owns them and what can happen to them."""
