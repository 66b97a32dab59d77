"""Fixtures: the table of notes, an API client, and a browser page."""

import pytest
from django.db import connection
from rest_framework.test import APIClient

from .notes import Note


@pytest.fixture
def browser_page(new_context, live_server):
    """A browser page that uses the test server as its base URL."""
    return new_context(base_url=live_server.url).new_page()


@pytest.fixture(scope="session")
def notes_table(django_db_setup, django_db_blocker):
    """Create the table of the model `Note`, once per database."""
    with django_db_blocker.unblock():
        if Note._meta.db_table not in connection.introspection.table_names():
            with connection.schema_editor() as editor:
                editor.create_model(Note)


@pytest.fixture
def notes(notes_table, db):
    """An empty table of notes."""


@pytest.fixture
def api():
    """An API client that returns a 500 response instead of raising the exception."""
    return APIClient(raise_request_exception=False)
