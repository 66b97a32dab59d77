"""The table of notes, a client, and requests without a server."""

import pytest
from django.db import connection
from rest_framework.test import APIClient

from .notes import Note


@pytest.fixture
def browser_page(new_context, live_server):
    """A browser page with our server as its base URL."""
    return new_context(base_url=live_server.url).new_page()


@pytest.fixture(scope="session")
def notes_table(django_db_setup, django_db_blocker):
    """The table of the tests' own model, created once per database."""
    with django_db_blocker.unblock():
        if Note._meta.db_table not in connection.introspection.table_names():
            with connection.schema_editor() as editor:
                editor.create_model(Note)


@pytest.fixture
def notes(notes_table, db):
    """An empty table of notes."""


@pytest.fixture
def api():
    """A client that gets a 500 response instead of the exception."""
    return APIClient(raise_request_exception=False)
