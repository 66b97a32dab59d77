"""A model for the tests of `core`, so that they need no app. The fixture `notes_table` creates the table."""

import uuid
from datetime import UTC, datetime, timedelta

from django.db import models

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class Note(models.Model):
    """A note with a time and a title."""

    id = models.UUIDField(primary_key=True)
    written_at = models.DateTimeField()
    title = models.CharField(max_length=64)
    objects: models.Manager["Note"] = models.Manager()

    class Meta:
        app_label = "perfectworks"
        managed = False
        db_table = "test_note"

    def __str__(self):
        return self.title


def write_notes(count, *, per_second=1):
    """Create notes with the titles `note 1`, `note 2` and so on. `per_second` notes have the same time."""
    return Note.objects.bulk_create(
        Note(
            id=uuid.UUID(int=number),
            written_at=NEW_YEAR + timedelta(seconds=number // per_second),
            title=f"note {number}",
        )
        for number in range(1, count + 1)
    )
