"""Let staff keep the rights that they were given to what has a new name: Django renames no permission with its model."""

from django.db import migrations

MODELS = {"mail": "email", "mailrefusal": "suppression", "recentmails": "sendingcounter"}
VERBS = ("add", "change", "delete", "view")


def rename(apps, schema_editor):
    """Rename the permissions of the renamed models."""
    _rename(apps, schema_editor, MODELS)


def rename_back(apps, schema_editor):
    """Undo ``rename``."""
    _rename(apps, schema_editor, {new: old for old, new in MODELS.items()})


def _rename(apps, schema_editor, models):
    permissions = apps.get_model("auth", "Permission").objects.using(schema_editor.connection.alias)
    for old, new in models.items():
        for verb in VERBS:
            permissions.filter(content_type__app_label="invitations", codename=f"{verb}_{old}").update(
                codename=f"{verb}_{new}", name=f"Can {verb} {new}"
            )


class Migration(migrations.Migration):

    dependencies = [
        ("invitations", "0009_email_constraints"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(rename, rename_back)]
