"""Let the database refuse addresses that are not normalized.

The table of django-allauth's ``EmailAddress`` gets its constraint here too. Django's model does not know it, so on
SQLite a later migration of django-allauth that rebuilds the table drops it. ``tests/accounts/test_address_checks.py``
then fails, and a new migration has to call ``add_check`` again.
"""

from django.db import migrations, models

PATTERN = "\\A[a-z0-9!#$%&'*+/=?^_`{|}~\\-.]{1,64}@[a-z0-9.\\-]+\\.[a-z0-9\\-]{2,}\\Z"
NAME = "account_emailaddress_normalized"


def add_check(apps, schema_editor):
    """Add the constraint to the table of django-allauth."""
    model = apps.get_model("account", "EmailAddress")
    check = models.CheckConstraint(condition=models.Q(email__regex=PATTERN), name=NAME)
    model._meta.constraints = [*model._meta.constraints, check]  # SQLite rebuilds the table from this list
    schema_editor.add_constraint(model, check)


def remove_check(apps, schema_editor):
    """Remove the constraint."""
    model = apps.get_model("account", "EmailAddress")
    schema_editor.remove_constraint(model, models.CheckConstraint(condition=models.Q(email__regex=PATTERN), name=NAME))


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0015_normalize_addresses"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email__regex", PATTERN)), name="user_email_normalized"
            ),
        ),
        migrations.AddConstraint(
            model_name="externalidentity",
            constraint=models.CheckConstraint(
                condition=models.Q(("ignored_address__regex", PATTERN)), name="identity_ignored_address_normalized"
            ),
        ),
        migrations.RunPython(add_check, remove_check),
    ]
