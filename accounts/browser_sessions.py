"""The model of the sessions. ``accounts.session_store`` reads and writes them."""

from datetime import timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

SEEN_PRECISION = timedelta(minutes=10)


class Session(AbstractBaseSession):
    """A session of a browser. The key is stored as a hash, the content encrypted.

    ``user`` is the person who is signed in. ``last_seen_at`` is at most ``SEEN_PRECISION`` too early, so that most
    requests write nothing.
    """

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    last_seen_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta(AbstractBaseSession.Meta):
        """The table has the name that it had in Django's app, so that an upgrade keeps it."""

        db_table = "django_session"
        indexes = (
            models.Index(fields=["user", "last_seen_at"], condition=models.Q(user__isnull=False), name="session_of"),
        )

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return the class that reads and writes the sessions."""
        from accounts.session_store import SessionStore  # it imports this module

        return SessionStore

    def note_use(self) -> None:
        """Store the current time as the last use, unless a recent time is stored already."""
        if self.last_seen_at < timezone.now() - SEEN_PRECISION:
            Session.objects.filter(pk=self.pk).update(last_seen_at=timezone.now())
