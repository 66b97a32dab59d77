"""Helpers for tests in several folders: people, pages, database changes, queries, operations, OpenAPI."""
