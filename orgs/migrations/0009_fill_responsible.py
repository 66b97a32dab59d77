from typing import Any

from django.db import migrations

CREATIONS = (
    ("user.registered", "accounts", "User"),
    ("api_key.created", "orgs", "ApiKey"),
    ("oauth_application.registered", "accounts", "OAuthApplication"),
)


def fill(apps: Any, editor: Any) -> None:
    """Set the person behind each system user, API key and service client, from the events of their creation."""
    users = apps.get_model("accounts", "User").objects
    responsible = {key: key for key in users.filter(kind="client").values_list("pk", flat=True)}
    for kind, app, name in CREATIONS:
        rows = apps.get_model(app, name).objects.filter(responsible__isnull=True)
        if name == "User":
            rows = rows.filter(kind="system")
        if name == "OAuthApplication":
            rows = rows.filter(system_user__isnull=False)
        keys = set(rows.values_list("pk", flat=True))
        created = apps.get_model("events", "Event").objects.filter(kind=kind, subject_id__in=keys).order_by("id")
        for subject, actor, method in created.values_list("subject_id", "actor_id", "actor_method"):
            person = None if method == "staff" else responsible.get(actor)
            if person is None:
                continue
            rows.filter(pk=subject).update(responsible_id=person)
            if name == "User":
                responsible[subject] = person


class Migration(migrations.Migration):
    dependencies = [
        ("orgs", "0008_responsible"),
        ("accounts", "0013_responsible"),
        ("events", "0004_organizations_of_founder"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
