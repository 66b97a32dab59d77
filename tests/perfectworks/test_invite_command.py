"""Test ``manage.py invite``."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from events.models import Event
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import EDITOR_ROLE, VIEWER_ROLE
from tests.support.changes import track_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("Email,Role\nann@example.com,\nbo@example.com,Chef\n")
    return file


def run(file, **options):
    out, err = StringIO(), StringIO()
    call_command("invite", str(file), organization="riverside", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_it_prints_each_row_and_the_counts(people, organization, owner):
    out, err = run(people, role="editor")

    assert out == "2\tann@example.com\tinvited\n3\tbo@example.com\tunknown_role\tChef\n\n1 invited\n1 unknown_role\n"
    phases = [f"Reading {people} …", "Checking 2 rows …", "Inviting 1 people as Owner Cast …"]
    assert err.splitlines() == phases
    invitation = Invitation.objects.get()
    assert (invitation.inviter, invitation.role_id) == (owner, EDITOR_ROLE)
    assert Event.objects.get(kind="invitation.created").actor_id == owner.pk


def test_it_prints_what_the_invitation_does_not_contain(tmp_path, organization, owner):
    file = tmp_path / "people.csv"
    file.write_text("email,groups\nann@example.com,Design\n")

    out, _ = run(file, role="editor")

    assert out.startswith("2\tann@example.com\tinvited\tgroups: Design\n")


def test_it_says_in_words_what_waits_and_why_rows_are_left_out_or_over_a_limit(tmp_path, organization, owner):
    file = tmp_path / "slack.csv"
    file.write_text(
        "username,email,status,fullname\nann,ann@example.com,Member,Ann\nbob,bob@example.com,Member,Bob\n"
        "gone,gone@example.com,Deactivated,Gone\n"
    )
    Organization.objects.update(open_invitation_limit=1)

    first, _ = run(file)
    file.write_text("cid@example.com\n")
    second, _ = run(file)

    rows = [line.split("\t")[1:4] for line in first.splitlines()[:3]]
    assert rows[1:] == [
        ["bob@example.com", "scheduled", "Will be sent when an open invitation is answered, is withdrawn or expires."],
        ["gone@example.com", "left_out", "Deactivated"],
    ]
    limit = "The organization has reached its limit of open invitations."
    assert second.splitlines()[0] == f"1\tcid@example.com\tover_limit\t{limit}"


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_terminal_shows_a_bar_for_each_phase_with_what_was_done(people, organization, owner, dry_run, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    err = Terminal()

    call_command("invite", str(people), organization="riverside", dry_run=dry_run, stdout=StringIO(), stderr=err)

    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err.getvalue()).splitlines()
    done = [line for line in last if "✓" in line][-3:]
    told = ["Read 2 rows", "Checked 2 rows", *([] if dry_run else ["Invited 1 people as Owner Cast"])]
    assert [text for text in told if not any(text in line for line in done)] == []
    assert ("Invited" in err.getvalue()) is not dry_run


def test_it_prints_json(people, organization, owner):
    out, _ = run(people, json=True, dry_run=True)
    found = json.loads(out)
    assert (found["dryRun"], found["counts"]) == (True, {"invited": 1, "unknown_role": 1})
    assert [row["row"] for row in found["rows"]] == [2, 3]


def test_a_dry_run_changes_nothing(people, organization, owner):
    with track_changes() as changes:
        run(people, dry_run=True)
    assert changes.nothing


def test_words_of_the_file_are_mapped_to_roles(people, organization, owner):
    out, _ = run(people, map=["chef=viewer", f"Boss={EDITOR_ROLE}"])
    assert out.endswith("\n\n2 invited\n")
    assert Invitation.objects.get(email="bo@example.com").role_id == VIEWER_ROLE


def test_a_member_can_be_named(people, organization, owner, admin):
    run(people, member="Admin@example.com")
    assert Invitation.objects.get().inviter == admin


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"member": "stranger@example.com"}, "stranger@example.com is not an active member of Riverside."),
        ({"member": "nobody"}, "Enter a valid email address."),
        ({"member": "member@example.com"}, "You lack the permission for this."),
        ({"days": 99}, "Choose 1 to 30 days."),
        ({"map": ["Chef"]}, "--map Chef: a word and a role with = between them are expected."),
    ],
)
def test_it_says_what_is_wrong(people, organization, owner, member, options, problem):
    with track_changes() as changes, pytest.raises(CommandError) as refusal:
        run(people, **options)
    assert str(refusal.value) == problem
    assert changes.nothing


def test_unknown_organizations_and_files_are_named(people, organization, owner, tmp_path):
    with pytest.raises(CommandError, match="There is no organization nowhere"):
        call_command("invite", str(people), organization="nowhere")
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "missing.csv")
