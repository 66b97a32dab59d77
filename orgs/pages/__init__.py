"""How pages show organizations and service accounts."""
