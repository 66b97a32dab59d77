"""Let staff keep their permissions on renamed models. Django renames the table of a model, but not its permissions."""

from django.db import migrations

# The old and the new name of each model, each as in a codename and as in the permission's name.
MODELS = (
    (("mail", "mail"), ("email", "email")),
    (("mailrefusal", "mail refusal"), ("suppression", "suppression")),
    (("recentmails", "recent mails"), ("sendingcounter", "sending counter")),
)
VERBS = ("add", "change", "delete", "view")


def rename(apps, schema_editor):
    """Rename the permissions of the renamed models."""
    for old, new in MODELS:
        _rename(apps, schema_editor, old, new)


def rename_back(apps, schema_editor):
    """Undo ``rename``."""
    for old, new in MODELS:
        _rename(apps, schema_editor, new, old)


def _rename(apps, schema_editor, old, new):
    permissions = apps.get_model("auth", "Permission").objects.using(schema_editor.connection.alias)
    in_app = permissions.filter(content_type__app_label="invitations")
    for verb in VERBS:
        for former in in_app.filter(codename=f"{verb}_{old[0]}"):
            existing = in_app.filter(content_type=former.content_type, codename=f"{verb}_{new[0]}").first()
            if existing is None:
                former.codename, former.name = f"{verb}_{new[0]}", f"Can {verb} {new[1]}"
                former.save(update_fields=["codename", "name"])
            else:
                # A migration that stopped between the renamed model and this made Django create it already.
                existing.user_set.add(*former.user_set.all())
                existing.group_set.add(*former.group_set.all())
                former.delete()


class Migration(migrations.Migration):

    dependencies = [
        ("invitations", "0009_email_constraints"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(rename, rename_back)]
