"""Tests of ``invitations``."""
