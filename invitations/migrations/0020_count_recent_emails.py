"""Count the emails to invitees of the last 24 hours, for which the sending limits now read the emails themselves.

The person who is responsible is taken from the invitation: the inviter or, for a system user, who registered it. Staff
are not counted.
"""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

BATCH = 1000
A_DAY = timedelta(days=1)


def count_recent(apps, schema_editor):
    """Fill the columns of the emails of the last 24 hours, a thousand rows at a time."""
    emails = apps.get_model("invitations", "Email").objects.using(schema_editor.connection.alias)
    recent = emails.filter(
        kind__in=("invitation", "reminder"), created_at__gt=timezone.now() - A_DAY, counted_at__isnull=True
    )
    recent = recent.select_related("invitation__inviter").order_by("pk")
    while batch := list(recent[:BATCH]):
        for email in batch:
            email.counted_at, email.organization_id = email.created_at, email.invitation.organization_id
            email.responsible_id = _responsible_id(email)
        emails.bulk_update(batch, ["counted_at", "organization_id", "responsible_id"])


def _responsible_id(email):
    inviter = email.invitation.inviter
    if email.kind == "reminder" or inviter is None or not email.invitation.inviter_name:
        return None
    return inviter.pk if inviter.kind == "client" else inviter.responsible_id


class Migration(migrations.Migration):

    dependencies = [("invitations", "0019_scheduled_emails")]

    operations = [migrations.RunPython(count_recent, migrations.RunPython.noop)]
