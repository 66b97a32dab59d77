"""Normalize the addresses of accounts. The sign-in page stored some as people had typed them."""

from django.core.exceptions import ValidationError
from django.db import migrations

from core.addresses import STORED_PATTERN, normalize_address


def normalize(apps, schema_editor):
    """Normalize each address. Merge it with the same address of the same account. Delete what is no address."""
    addresses = apps.get_model("account", "EmailAddress").objects.using(schema_editor.connection.alias)
    for row in addresses.exclude(email__regex=STORED_PATTERN).order_by("-verified", "pk"):
        try:
            email = normalize_address(row.email)
        except ValidationError:
            row.delete()
        else:
            _replace(addresses, row, email)


def _replace(addresses, row, email):
    is_taken = addresses.filter(email=email, verified=True).exclude(user=row.user_id).exists()
    same = addresses.filter(email=email, user=row.user_id).first()
    if same is not None:
        row.delete()
    kept = same or row
    kept.email = email
    kept.verified = (kept.verified or row.verified) and not is_taken
    kept.primary = kept.primary or row.primary
    kept.save()


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0014_encrypt_secrets"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(normalize, migrations.RunPython.noop)]
