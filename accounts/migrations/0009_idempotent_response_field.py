"""Rename the column of the stored response."""

from django.db import migrations


class Migration(migrations.Migration):
    """`answer` becomes `response`."""

    dependencies = [("accounts", "0008_idempotent_response")]

    operations = [migrations.RenameField("IdempotentResponse", "answer", "response")]
