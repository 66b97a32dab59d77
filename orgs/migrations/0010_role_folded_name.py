from typing import Any
from unicodedata import normalize

from django.db import migrations, models

import orgs.folded_names


def fold(name: str) -> str:
    return normalize("NFC", normalize("NFC", name).casefold())


def fill(apps: Any, editor: Any) -> None:
    """Fold each name. Of names that differ only in letter case, the newer roles get a number."""
    taken: set[tuple[Any, str, str]] = set()
    roles = apps.get_model("orgs", "Role").objects
    for role in roles.order_by("created_at", "id"):
        name, number = role.name, 1
        while (role.organization_id, role.level, fold(name)) in taken:
            number += 1
            suffix = f" ({number})"
            name = role.name[: 64 - len(suffix)] + suffix
        taken.add((role.organization_id, role.level, fold(name)))
        roles.filter(pk=role.pk).update(name=name, folded_name=fold(name))


class Migration(migrations.Migration):
    dependencies = [("orgs", "0009_fill_responsible")]

    operations = [
        migrations.AddField("role", "folded_name", orgs.folded_names.FoldedNameField(default=""), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint("role", "role_name"),
        migrations.AddConstraint(
            "role",
            models.UniqueConstraint(fields=("organization", "level", "folded_name"), name="role_folded_name"),
        ),
    ]
