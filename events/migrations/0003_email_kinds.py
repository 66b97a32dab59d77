"""Give stored events the kinds, subjects and names of data that are recorded today.

Limits, filters and timelines look for them by name.
"""

from django.db import migrations

KINDS = {"mails.refused": "suppression.created", "mails.allowed": "suppression.deleted"}
KINDS |= {
    f"mail.{state}": f"email.{state}"
    for state in ("queued", "sending", "sent", "delivered", "deferred", "bounced", "complained", "failed", "dropped")
}
KINDS |= {f"user.second_factor_{what}": f"user.two_factor_{what}" for what in ("added", "renewed", "removed")}
SUBJECTS = {"mail": "email", "mailrefusal": "suppression"}
DATA = {"mail_kind": "email_kind", "reach": "scope"}


def rename(apps, schema_editor):
    """Rename in every stored event."""
    _rename(apps, schema_editor, KINDS, SUBJECTS, DATA)


def rename_back(apps, schema_editor):
    """Undo ``rename``."""
    _rename(apps, schema_editor, *({new: old for old, new in names.items()} for names in (KINDS, SUBJECTS, DATA)))


def _rename(apps, schema_editor, kinds, subjects, data):
    events = apps.get_model("events", "Event").objects.using(schema_editor.connection.alias)
    for event in events.filter(kind__in=kinds).only("data").iterator(chunk_size=1000):
        renamed = {data.get(name, name): value for name, value in event.data.items()}
        if renamed != event.data:
            events.filter(pk=event.pk).update(data=renamed)
    for old, new in kinds.items():
        events.filter(kind=old).update(kind=new)
    for old, new in subjects.items():
        events.filter(subject_type=old).update(subject_type=new)


class Migration(migrations.Migration):

    dependencies = [("events", "0002_credential")]

    operations = [migrations.RunPython(rename, rename_back)]
