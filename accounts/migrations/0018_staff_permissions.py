from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0017_inactive_users"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": (
                    ("help_user", "Can help users to sign in"),
                    ("manage_staff", "Can make staff and change their roles"),
                )
            },
        ),
    ]
