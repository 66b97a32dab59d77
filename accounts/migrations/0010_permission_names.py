"""Let staff keep their permissions on a renamed model. Django renames the table of a model, but not its permissions."""

from django.db import migrations

VERBS = ("add", "change", "delete", "view")
OLD, NEW = ("keptanswer", "kept answer"), ("idempotentresponse", "idempotent response")


def rename(apps, schema_editor):
    """Rename the permissions of the renamed model."""
    _rename(apps, schema_editor, OLD, NEW)


def rename_back(apps, schema_editor):
    """Undo ``rename``."""
    _rename(apps, schema_editor, NEW, OLD)


def _rename(apps, schema_editor, old, new):
    permissions = apps.get_model("auth", "Permission").objects.using(schema_editor.connection.alias)
    in_app = permissions.filter(content_type__app_label="accounts")
    for verb in VERBS:
        if not in_app.filter(codename=f"{verb}_{new[0]}").exists():
            in_app.filter(codename=f"{verb}_{old[0]}").update(
                codename=f"{verb}_{new[0]}", name=f"Can {verb} {new[1]}"
            )


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0009_idempotent_response_field"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(rename, rename_back)]
