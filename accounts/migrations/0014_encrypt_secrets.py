"""Encrypt the secrets of two-factor authentication, and delete the sessions, whose keys were stored in clear."""

from django.db import migrations

from accounts.actions.encryption import reencrypted


def encrypt_secrets(apps, schema_editor):
    for row in apps.get_model("mfa", "Authenticator").objects.order_by("pk"):
        row.data = reencrypted(row.data)
        row.save(update_fields=["data"])


def delete_sessions(apps, schema_editor):
    connection = schema_editor.connection  # the table of Django's app, unless the database is new
    with connection.cursor() as cursor:
        if "django_session" in connection.introspection.table_names(cursor):
            cursor.execute("DELETE FROM django_session")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_responsible"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.RunPython(encrypt_secrets, migrations.RunPython.noop),
        migrations.RunPython(delete_sessions, migrations.RunPython.noop),
    ]
