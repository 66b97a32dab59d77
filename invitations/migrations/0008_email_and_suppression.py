from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("invitations", "0007_waiting_anywhere")]

    operations = [
        migrations.RenameModel("Mail", "Email"),
        migrations.RenameModel("MailRefusal", "Suppression"),
        migrations.RenameModel("RecentMails", "SendingCounter"),
        migrations.RenameField("attempt", "mail", "email"),
    ]
