"""Let sessions name the person who is signed in.

The table exists already unless the database is new: it was a table of Django's app of sessions, which the service no
longer installs. It keeps its rows.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

TABLE = "django_session"


def create_if_missing(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        tables = schema_editor.connection.introspection.table_names(cursor)
    if TABLE not in tables:
        schema_editor.create_model(apps.get_model("accounts", "Session"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_sorted_by_name")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Session",
                    fields=[
                        (
                            "session_key",
                            models.CharField(
                                max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                            ),
                        ),
                        ("session_data", models.TextField(verbose_name="session data")),
                        ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                    ],
                    options={
                        "verbose_name": "session",
                        "verbose_name_plural": "sessions",
                        "db_table": TABLE,
                        "abstract": False,
                    },
                ),
            ]
        ),
        migrations.RunPython(create_if_missing, migrations.RunPython.noop),
        migrations.AddField(
            model_name="session",
            name="last_seen_at",
            field=models.DateTimeField(db_default=Now(), default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="session",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("user__isnull", False)), fields=["user", "last_seen_at"], name="session_of"
            ),
        ),
    ]
