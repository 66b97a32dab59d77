"""`dumpdata` and `loaddata` copy a whole service, also with natural keys."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.serializers.json import DjangoJSONEncoder
from pytest_django import Settings

from perfectworks.demo import make_world
from tests.support.changes import all_rows
from tests.support.packages import APPS


@pytest.mark.django_db(transaction=True)
def test_a_dump_with_natural_keys_restores_every_row(tmp_path: Path, settings: Settings):
    settings.DEBUG = True
    make_world()
    before = as_json(all_rows())
    dump = tmp_path / "dump.json"

    # Only models of tests belong to the project package.
    options = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True, "exclude": ["perfectworks"]}
    call_command("dumpdata", output=str(dump), **options)
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", str(dump), verbosity=0)

    assert as_json(all_rows()) == before
    assert len([label for label, rows in before.items() if rows]) > 10


def as_json(rows: dict[str, dict[Any, dict[str, Any]]]) -> Any:
    """Return the rows as a dump shows them: times in milliseconds."""
    return {
        table: {str(key): json.loads(json.dumps(row, cls=InMilliseconds)) for key, row in of_table.items()}
        for table, of_table in rows.items()
    }


class InMilliseconds(DjangoJSONEncoder):
    """Django writes 10.000400 s as 10.000, and the 10.000 s that were restored from it as 10. Here both are 10.000."""

    def default(self, o: object) -> Any:
        return o.isoformat(timespec="milliseconds") if isinstance(o, datetime) else super().default(o)


def test_none_of_our_models_has_a_natural_key():
    """Rows and events refer to ids, which a dump with natural keys would leave out."""
    ours = [model for model in apps.get_models() if model.__module__.partition(".")[0] in APPS]
    assert len(ours) > 15
    assert [model for model in ours if hasattr(model, "natural_key")] == []
