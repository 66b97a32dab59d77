"""Logos of organizations and service accounts on pages."""
