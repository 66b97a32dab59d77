"""Test what becomes of the files of other products when their people are invited."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from invitations.bulk.uploads import invite_upload
from invitations.models import Invitation
from invitations.uploads.rows import read_upload
from orgs.permissions import ADMIN_ROLE, UNASSIGNED_ROLE, VIEWER_ROLE
from tests.invitations.uploads.test_samples import SAMPLES

pytestmark = pytest.mark.django_db

CHOSEN = {"Primary Owner": VIEWER_ROLE, "billing_manager": VIEWER_ROLE}
VERDICTS = {
    "01_google_workspace.csv": ["invited", "left_out suspended"],
    "02_slack_members.csv": ["invited", "left_out no_address", "left_out deactivated", "invited"],
    "03_github_invitations.json": ["left_out no_address", "invited", "invited"],
    "04_okta_people.csv": ["invited", "left_out suspended", "left_out deactivated", "left_out no_address"],
    "05_entra_bulk_invite.csv": ["invited", "left_out not_to_be_sent"],
    "06_auth0_invitations.json": ["unknown_role rol_0000000000000001", "left_out not_to_be_sent"],
    "07_clerk_bulk.json": ["invited", "invited"],
    "08_workos_invitations.json": ["invited", "invited", "left_out not_to_be_sent"],
    "09_zulip_box.txt": ["invited"] * 4,
    "10_mailchimp.csv": ["invited", "invited"],
    "11_people.xlsx": ["invited", "invited", "left_out no_address"],
    "12_team_utf16.tsv": ["invited", "invited"],
    "13_kolleginnen_windows_1252.csv": ["unknown_unit Küche", "invited"],
}
# Of those that are invited: the address, the name, the role, the language, the message and the metadata.
INVITED: dict[str, list[tuple[Any, ...]]] = {
    "01_google_workspace.csv": [("gw.ana@example.com", "Ana Pérez", UNASSIGNED_ROLE, "", "", {})],
    "02_slack_members.csv": [
        ("sl.ann@example.com", "Ann Lee", VIEWER_ROLE, "", "", {}),
        ("sl.guest@example.com", "Guest G", UNASSIGNED_ROLE, "", "", {}),
    ],
    "03_github_invitations.json": [
        ("gh.octo@example.com", "", VIEWER_ROLE, "", "", {}),
        ("gh.admin@example.com", "", ADMIN_ROLE, "", "", {}),
    ],
    "04_okta_people.csv": [("ok.ann@example.com", "Ann Lee", UNASSIGNED_ROLE, "de", "", {})],
    "05_entra_bulk_invite.csv": [("en.ann@example.com", "", UNASSIGNED_ROLE, "", "Welcome, Ann", {})],
    "07_clerk_bulk.json": [
        ("ck.a@example.com", "", ADMIN_ROLE, "", "", {}),
        ("ck.b@example.com", "", UNASSIGNED_ROLE, "", "", {"team": "blue"}),
    ],
    "10_mailchimp.csv": [
        ("mc.kim@example.com", "Kim Nguyễn", UNASSIGNED_ROLE, "", "", {}),
        ("mc+news@example.com", "", UNASSIGNED_ROLE, "", "", {}),
    ],
}


@pytest.mark.parametrize("name", VERDICTS)
def test_each_row_has_its_verdict(organization, owner, principal, name):
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        upload = read_upload((SAMPLES / name).read_bytes(), filename=name)

    results = invite_upload(by=principal(owner), organization_id=organization.pk, upload=upload, roles=CHOSEN)

    assert [f"{result.verdict} {result.reason}".strip() for result in results] == VERDICTS[name]
    if name in INVITED:
        columns = ("email", "invitee_name", "role_id", "language", "message", "metadata")
        assert list(Invitation.objects.order_by("id").values_list(*columns)) == INVITED[name]


def test_every_sample_has_its_verdicts():
    assert {path.name for path in SAMPLES.iterdir()} - {"README.md"} == VERDICTS.keys()
