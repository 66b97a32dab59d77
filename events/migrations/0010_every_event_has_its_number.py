"""Require a number of each event of an organization.

Processes of the former version may have recorded events without one since the last migration. So the table is locked,
and these events are numbered first. Afterwards, processes of the former version cannot record events of organizations.
"""

import importlib

from django.db import migrations, models

number_events = importlib.import_module("events.migrations.0009_number_events")


def number_the_rest(apps, schema_editor):
    """Lock the table until the constraint exists, and number the events that have no number."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("LOCK TABLE events_event IN SHARE ROW EXCLUSIVE MODE")
    number_events.number(apps, schema_editor)


class Migration(migrations.Migration):

    dependencies = [("events", "0009_number_events")]

    operations = [
        migrations.RunPython(number_the_rest, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", None), ("organization_id", None)),
                    models.Q(("number__gte", 1), ("number__isnull", False), ("organization_id__isnull", False)),
                    _connector="OR",
                ),
                name="event_of_organization_has_number",
            ),
        ),
    ]
