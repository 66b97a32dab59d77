"""A role's reach is its level. *Scope* is left to OAuth."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ("orgs", "0004_open_invitation_limit"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="role", name="role_name"),
        migrations.RemoveConstraint(model_name="role", name="role_built_in_name"),
        migrations.RemoveConstraint(model_name="role", name="role_scope_known"),
        migrations.RenameField(model_name="role", old_name="scope", new_name="level"),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(fields=("organization", "level", "name"), name="role_name"),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                condition=Q(("organization__isnull", True)), fields=("level", "name"), name="role_built_in_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.CheckConstraint(
                condition=Q(("level__in", ["organization", "unit"])), name="role_level_known"
            ),
        ),
    ]
