"""Test ``manage.py export_person``."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.personal_data import export_person
from tests.support.changes import track_changes

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def run(account, **options):
    out = StringIO()
    call_command("export_person", str(account), stdout=out, **options)
    return out.getvalue()


def without_time(text):
    document = json.loads(text)
    assert document.pop("exportedAt")
    return document


@pytest.mark.parametrize("named_by", ["email", "pk"])
def test_it_prints_the_document_that_the_person_can_download(member, organization, named_by):
    with track_changes() as changes:
        printed = run(getattr(member, named_by))

    assert without_time(printed) == without_time("".join(export_person(member)))
    assert changes.nothing


def test_it_writes_a_file_that_nobody_else_can_read(member, organization, tmp_path):
    file = tmp_path / "member.json"

    printed = json.loads(run("member@example.com", output=file, json=True))

    assert printed == {"accountId": str(member.pk), "file": str(file), "bytes": file.stat().st_size}
    assert without_time(file.read_text()) == without_time("".join(export_person(member)))
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_does_not_replace_a_file(member, tmp_path):
    file = tmp_path / "member.json"
    file.write_text("mine")

    with pytest.raises(CommandError, match="cannot be written: File exists"):
        run("member@example.com", output=file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("account", ["nobody@example.com", "01900000-0000-7000-8000-000000000000"])
def test_it_says_that_there_is_no_account(account, db):
    with pytest.raises(CommandError, match=f"There is no account {account}"):
        run(account)
