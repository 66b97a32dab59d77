"""A faster way to empty the tables after a test that commits."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection

from orgs.models import Role

# `migrate` fills these tables. Django would empty them and fill them again, which takes 50 ms for each test.
FILLED_BY_MIGRATE = (ContentType, Permission, Group, Group.permissions.through)


def empty_tables(_: Any) -> None:
    """Delete all rows, except those that `migrate` makes. Tests that commit must not change these.

    Replaces `TransactionTestCase._fixture_teardown`.
    """
    kept = {model._meta.db_table for model in (*FILLED_BY_MIGRATE, Role)}
    tables = [table for table in connection.introspection.django_table_names() if table not in kept]
    connection.ops.execute_sql_flush(
        [
            *connection.ops.sql_flush(no_style(), tables),
            f"DELETE FROM {Role._meta.db_table} WHERE organization_id IS NOT NULL",
        ]
    )
