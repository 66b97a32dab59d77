from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("accounts", "0007_application_name")]

    operations = [
        migrations.RemoveConstraint(model_name="keptanswer", name="kept_answer_key"),
        migrations.RenameModel("KeptAnswer", "IdempotentResponse"),
        migrations.RenameIndex("idempotentresponse", new_name="idempotent_response_age", old_name="kept_answer_age"),
        migrations.AddConstraint(
            model_name="idempotentresponse",
            constraint=models.UniqueConstraint(fields=("user", "operation", "key"), name="idempotent_response_key"),
        ),
    ]
