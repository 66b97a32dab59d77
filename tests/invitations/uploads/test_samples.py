"""Test the rows of files that people really have. samples/README.md lists where their columns come from."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from invitations.uploads.rows import Format, LeftOut, Note, NoteCode, Upload, UploadedRow, read_upload

SAMPLES = Path(__file__).parent / "samples"
APPS = Note(NoteCode.REDIRECT, "https://myapps.microsoft.com")
INTERNAL = "en.bob_partner.example#EXT#@contoso.onmicrosoft.com"


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        yield


def read(name: str) -> Upload:
    return read_upload((SAMPLES / name).read_bytes(), filename=name)


def test_users_of_google_workspace():
    assert read("01_google_workspace.csv") == Upload(
        Format.GOOGLE_WORKSPACE,
        [
            UploadedRow(2, "gw.ana@example.com", "Ana Pérez", notes=(Note(NoteCode.GROUPS, "/Sales"),)),
            UploadedRow(3, "gw.sean.o'neil@example.com", "Sean O'Neil", left_out=LeftOut.SUSPENDED),
        ],
        {},
    )


def test_members_of_slack():
    assert read("02_slack_members.csv") == Upload(
        Format.SLACK,
        [
            UploadedRow(2, "sl.ann@example.com", "Ann Lee", role="Primary Owner"),
            UploadedRow(3, "", "Deploy Bot", left_out=LeftOut.NO_ADDRESS, notes=(Note(NoteCode.STATE, "Bot"),)),
            UploadedRow(4, "sl.bob@example.com", "Bob", left_out=LeftOut.DEACTIVATED),
            UploadedRow(
                5,
                "sl.guest@example.com",
                "Guest G",
                role="Multi-Channel Guest",
                notes=(Note(NoteCode.GUEST_UNTIL, "2027-01-01"),),
            ),
        ],
        {"Primary Owner": "", "Multi-Channel Guest": "unassigned"},
    )


def test_a_guest_of_slack_whose_access_has_ended_is_left_out():
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
        guest = read("02_slack_members.csv").rows[3]
    assert guest.left_out == LeftOut.EXPIRED
    assert guest.notes == (Note(NoteCode.GUEST_UNTIL, "2027-01-01"),)


def test_invitations_of_github():
    assert read("03_github_invitations.json") == Upload(
        Format.GITHUB,
        [
            UploadedRow(
                1,
                "",
                "monalisa",
                role="direct_member",
                left_out=LeftOut.NO_ADDRESS,
                notes=(Note(NoteCode.GROUPS, "2"),),
            ),
            UploadedRow(2, "gh.octo@example.com", role="billing_manager"),
            UploadedRow(3, "GH.Admin@Example.com", role="admin"),
        ],
        {"direct_member": "unassigned", "billing_manager": "", "admin": "admin"},
    )


def test_bulk_invitation_of_entra():
    assert read("05_entra_bulk_invite.csv") == Upload(
        Format.ENTRA,
        [
            UploadedRow(3, "en.ann@example.com", message="Welcome, Ann", notes=(APPS,)),
            UploadedRow(
                4,
                INTERNAL,
                left_out=LeftOut.NOT_TO_BE_SENT,
                notes=(Note(NoteCode.INTERNAL_ADDRESS, INTERNAL), APPS),
            ),
        ],
        {},
    )


def test_bulk_invitations_of_clerk():
    assert read("07_clerk_bulk.json") == Upload(
        Format.CLERK,
        [
            UploadedRow(1, "ck.a@example.com", role="org:admin"),
            UploadedRow(
                2,
                "ck.b@example.com",
                role="org:member",
                metadata={"team": "blue"},
                notes=(Note(NoteCode.REDIRECT, "https://app.example/welcome"),),
            ),
        ],
        {"org:admin": "admin", "org:member": "unassigned"},
    )


def test_audience_of_mailchimp():
    assert read("10_mailchimp.csv") == Upload(
        Format.MAILCHIMP,
        [
            UploadedRow(2, "mc.kim@example.com", "Kim Nguyễn", notes=(Note(NoteCode.TAGS, "vip, eu"),)),
            UploadedRow(3, "mc+news@example.com"),
        ],
        {},
    )
