import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orgs", "0010_role_folded_name")]

    operations = [
        migrations.AddField(
            "organization",
            "default_role",
            models.ForeignKey(
                "orgs.role", on_delete=django.db.models.deletion.PROTECT, null=True, blank=True, related_name="+"
            ),
        )
    ]
