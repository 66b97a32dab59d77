"""Shared code for every app. It imports no app."""
