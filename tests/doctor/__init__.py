"""Test `manage.py doctor`."""
