from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("events", "0007_admin_indexes")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="number",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(fields=("organization_id", "number"), name="event_number"),
        ),
    ]
