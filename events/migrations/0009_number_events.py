"""Number the stored events of each organization in the order of their ids.

Each batch is a transaction. If the migration is interrupted, it continues where it was.
"""

from uuid import UUID

from django.db import migrations, transaction

BATCH = 10_000


def number(apps, schema_editor, batch=BATCH):
    """Number all events of organizations that have no number."""
    connection = schema_editor.connection
    events = apps.get_model("events", "Event").objects.using(connection.alias)
    unnumbered = events.filter(number=None).exclude(organization_id=None).order_by("id")
    last, start = {}, UUID(int=0)
    while rows := list(unnumbered.filter(id__gt=start).values_list("id", "organization_id")[:batch]):
        numbered = []
        for key, organization_id in rows:
            if organization_id not in last:
                last[organization_id] = last_number(events.filter(organization_id=organization_id))
            last[organization_id] += 1
            numbered.append((last[organization_id], events.model._meta.pk.get_db_prep_value(key, connection)))
        # One statement for the batch would be slower: it would look up numbers among those that it has just written.
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.executemany("UPDATE events_event SET number = %s WHERE id = %s", numbered)
        start = rows[-1][0]


def last_number(events):
    """Return the highest number of these events, or 0."""
    return events.exclude(number=None).order_by("-number").values_list("number", flat=True).first() or 0


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("events", "0008_event_number")]

    operations = [migrations.RunPython(number, migrations.RunPython.noop)]
