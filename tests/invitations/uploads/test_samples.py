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


def test_people_in_okta():
    assert read("04_okta_people.csv") == Upload(
        Format.OKTA,
        [
            UploadedRow(2, "ok.ann@example.com", "Ann Lee", language="de", notes=(Note(NoteCode.GROUPS, "Sales"),)),
            UploadedRow(3, "ok.bob@example.com", "Bobby Stone", left_out=LeftOut.SUSPENDED),
            UploadedRow(4, "ok.cid@example.com", "Cid Ray", left_out=LeftOut.DEACTIVATED),
            UploadedRow(5, "", "Dan Fox", left_out=LeftOut.NO_ADDRESS, notes=(Note(NoteCode.STATE, "STAGED"),)),
        ],
        {},
    )


def test_invitations_of_an_auth0_organization():
    assert read("06_auth0_invitations.json") == Upload(
        Format.AUTH0,
        [
            UploadedRow(
                1,
                "au.bob@example.com",
                role="rol_0000000000000001",
                metadata={"team": "blue"},
                notes=(
                    Note(NoteCode.PRIVATE_METADATA, '{"plan": "gold"}'),
                    Note(NoteCode.MORE_ROLES, "rol_0000000000000002"),
                ),
            ),
            UploadedRow(2, "au.cid@example.com", left_out=LeftOut.NOT_TO_BE_SENT),
        ],
        {"rol_0000000000000001": ""},
    )


def test_invitations_of_workos():
    assert read("08_workos_invitations.json") == Upload(
        Format.WORKOS,
        [
            UploadedRow(1, "wo.ann@example.com", role="admin"),
            UploadedRow(2, "wo.bob@example.com", notes=(Note(NoteCode.STATE, "expired"),)),
            UploadedRow(
                3,
                "wo.cid@example.com",
                left_out=LeftOut.NOT_TO_BE_SENT,
                notes=(Note(NoteCode.STATE, "revoked"),),
            ),
        ],
        {"admin": "admin"},
    )


def test_the_text_box_of_zulip():
    assert read("09_zulip_box.txt") == Upload(
        Format.TEXT,
        [
            UploadedRow(1, "zu.ann@example.com"),
            UploadedRow(2, "zu.bob@example.com", "Bob Stone"),
            UploadedRow(3, "zu.cid@example.com"),
            UploadedRow(4, "zu.dora@example.com", "Lee, Dora"),
        ],
        {},
    )


def test_a_workbook():
    assert read("11_people.xlsx") == Upload(
        Format.TABLE,
        [
            UploadedRow(
                4,
                "xl.ann@example.com",
                "Ann Lee",
                role="admin",
                notes=(Note(NoteCode.OTHER, "Start: 2026-12-01"), Note(NoteCode.OTHER, "Number: 42")),
            ),
            UploadedRow(
                6, "xl.bob@example.com", "Bob Stone", role="member", notes=(Note(NoteCode.OTHER, "Number: 7.5"),)
            ),
            UploadedRow(7, "", "Cid Ray", left_out=LeftOut.NO_ADDRESS),
        ],
        {"admin": "admin", "member": "unassigned"},
    )


def test_a_german_table_in_utf_16_with_tabs():
    assert read("12_team_utf16.tsv") == Upload(
        Format.TABLE,
        [
            UploadedRow(
                2,
                "ut.joerg@example.com",
                "Jörg Müller",
                role="Administrator",
                language="de",
                message="Willkommen,\nJörg",
                notes=(Note(NoteCode.GROUPS, "Vertrieb"),),
            ),
            UploadedRow(3, "ut.zoe@example.com", "Zoë Łuczak", role="Mitglied", language="en"),
        ],
        {"Administrator": "admin", "Mitglied": "unassigned"},
    )


def test_a_german_table_in_windows_1252_with_semicolons():
    assert read("13_kolleginnen_windows_1252.csv") == Upload(
        Format.TABLE,
        [
            UploadedRow(
                2,
                "wi.bjoern@example.com",
                "Björn Groß",
                role="Mitglied",
                unit="Küche",
                unit_role="editor",
                notes=(Note(NoteCode.OTHER, "Abteilung: Küche – 5 €"),),
            ),
            UploadedRow(3, "wi.aenne@example.com", "Größe; Änne", role="Inhaberin"),
        ],
        {"Mitglied": "unassigned", "Inhaberin": "owner"},
    )


def test_every_sample_is_listed_with_its_documentation():
    listed = (SAMPLES / "README.md").read_text()
    assert [path.name for path in SAMPLES.iterdir() if f"| `{path.name}` |" not in listed] == ["README.md"]


def test_no_secret_of_a_file_is_repeated():
    for path in SAMPLES.iterdir():
        if path.name != "README.md":
            shown = repr(read(path.name))
            assert not any(secret in shown for secret in ("f81dWWYW6gzGGicxT8Ha0txBkGNcAcYr", "Z1uX3Rbwc", "****"))
