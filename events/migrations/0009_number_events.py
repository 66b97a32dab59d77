"""Number the stored events of each organization in the order of their ids.

Each batch is a transaction. If the migration is interrupted, it continues where it was.
"""

from uuid import UUID

from django.db import migrations, transaction

BATCH = 10_000

# Both databases evaluate the new numbers before they write one.
NUMBER_BATCH = """
UPDATE events_event SET number = batch.number FROM (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY organization_id ORDER BY id) + COALESCE((
        SELECT number FROM events_event AS earlier
        WHERE earlier.organization_id = unnumbered.organization_id AND number IS NOT NULL
        ORDER BY number DESC LIMIT 1
    ), 0) AS number
    FROM events_event AS unnumbered
    WHERE organization_id IS NOT NULL AND number IS NULL AND id > %s AND id <= %s
) AS batch
WHERE events_event.id = batch.id
"""


def number(apps, schema_editor, batch=BATCH):
    """Number all events of organizations that have no number."""
    connection = schema_editor.connection
    events = apps.get_model("events", "Event").objects.using(connection.alias).order_by("id")
    start, end = UUID(int=0), UUID(int=2**128 - 1)
    while start != end:
        edge = events.filter(id__gt=start).values_list("id", flat=True)[batch - 1 : batch].first() or end
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            field = events.model._meta.pk
            cursor.execute(NUMBER_BATCH, [field.get_db_prep_value(key, connection) for key in (start, edge)])
        start = edge


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("events", "0008_event_number")]

    operations = [migrations.RunPython(number, migrations.RunPython.noop)]
