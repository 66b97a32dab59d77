"""Test inviting many people on a page: the list, the preview, the sending, and the downloads."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.actions.maintenance import delete_old_responses
from accounts.models import IdempotentResponse
from invitations.bulk.rows import RowResult, RowVerdict
from invitations.bulk.verdicts import JudgedRow, judged, people_in
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.uploads.rows import UploadedRow
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    OWNER_ROLE,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    UNIT_VIEWER_ROLE,
    VIEWER_ROLE,
)
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

PAGE = "/organizations/riverside/invite/many"
OFFER = {"role_id": str(VIEWER_ROLE), "lifetime_days": "10", "language": "", "message": ""}
PEOPLE = """Ann Lee <ann@example.com>, bob@example.com
member@example.com; invitee@example.com
nonsense@, ann@example.com"""
LABELS = (
    *("Will be invited", "Invited", "Already a member", "Already invited", "Twice in the list"),
    *("Invalid email address", "Left out", "Unknown role"),
)
SLACK = (
    "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,expiration-timestamp\n"
    "ann,ann@example.com,Admin,1,0,0,U1,Ann Lee,ann,\n"
    "bob,bob@example.com,Member,1,0,0,U2,Bob Ross,bob,\n"
    "gone,gone@example.com,Deactivated,0,0,0,U3,Gone Away,gone,\n"
)


def hidden(page, name="draft"):
    [value] = re.findall(rf'name="{name}" value="([^"]+)"', page.content.decode())
    return value


def facts(page):
    """Return the verdicts of the page with their numbers."""
    text = visible_text(page)
    return {label: int(number) for label, number in pairwise(text) if label in LABELS and number.isdigit()}


def preview(client, people=PEOPLE, **given):
    return client.post(PAGE, {**OFFER, "people": people, **given})


def send(client, draft, **given):
    """Send the invitations of a preview, and return the page of the result."""
    return client.post(PAGE, {"draft": draft, "step": "send", **given}, follow=True)


def test_the_preview_says_what_would_become_of_each_row_and_changes_nothing(signed_in, invitation, owner):
    client = signed_in(owner)

    with track_changes() as changes:
        page = preview(client)

    assert page.status_code == 200
    assert changes.nothing
    assert facts(page) == {
        "Will be invited": 2, "Already a member": 1, "Already invited": 1, "Twice in the list": 1,
        "Invalid email address": 1,
    }  # fmt: skip
    text = visible_text(page)
    assert "Invite 2 people" in text
    assert text[text.index("bob@example.com") :][1:3] == ["Viewer", "Will be invited"]


def test_the_preview_gives_no_time_for_emails_that_wait_for_room(signed_in, organization, owner, settings):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 1

    text = visible_text(preview(signed_in(owner), "ann@example.com, bob@example.com"))

    later = text[text.index("bob@example.com") :]
    assert later[2:4] == [
        "Will be invited, the email follows later",
        "Will be sent when an open invitation is answered, is withdrawn or expires.",
    ]


def test_a_list_that_the_form_could_not_return_is_refused_before_the_preview(signed_in, organization, owner, settings):
    client, people = signed_in(owner), "\n".join(f"{uuid4().hex}@example.com" for _ in range(600))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 45_000
    page = preview(client, people)

    assert page.status_code == 413
    assert "The list is too large for this page" in " ".join(visible_text(page))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 75_000
    assert send(client, hidden(preview(client, people))).status_code == 200


def test_a_text_that_is_too_long_to_paste_is_refused_with_a_hint(signed_in, organization, owner):
    page = preview(signed_in(owner), "a" * 500_001)
    assert page.status_code == 400
    assert "This text is too long. Choose a file instead." in visible_text(page)
    [field] = re.findall(r'<textarea name="people"[^>]*>', page.content.decode())
    assert "maxlength" not in field


def test_sending_invites_those_of_the_preview_and_reports_the_others(signed_in, invitation, owner):
    client = signed_in(owner)

    page = send(client, hidden(preview(client, message="Welcome")))

    assert page.status_code == 200
    assert "2 people have been invited" in visible_text(page)
    assert facts(page)["Invited"] == 2
    new = Invitation.objects.exclude(pk=invitation.pk).order_by("email")
    assert [(one.email, one.invitee_name, one.role_id, one.message, one.inviter) for one in new] == [
        ("ann@example.com", "Ann Lee", VIEWER_ROLE, "Welcome", owner),
        ("bob@example.com", "", VIEWER_ROLE, "Welcome", owner),
    ]


def test_sending_twice_invites_nobody_twice(signed_in, organization, owner):
    client = signed_in(owner)
    draft = hidden(preview(client, "ann@example.com"))
    first = send(client, draft)
    Invitation.objects.update(status="declined", finished_at=timezone.now())

    with track_changes() as changes:
        again = send(client, draft)

    assert changes.nothing
    assert again.redirect_chain == first.redirect_chain
    assert facts(again) == facts(first) == {"Invited": 1}
    assert facts(send(client, hidden(preview(client, "ann@example.com")))) == {"Invited": 1}


def test_a_reload_of_the_result_shows_it_again_with_the_times_of_now(signed_in, organization, owner, settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
    client = signed_in(owner)
    [(address, status)] = send(client, hidden(preview(client, "ann@example.com, bob@example.com"))).redirect_chain
    assert status == 302

    with track_changes() as changes:
        now = visible_text(client.get(address))
        with time_machine.travel(timezone.now() + timedelta(hours=20)):
            later = visible_text(client.get(address))

    assert changes.nothing
    assert ("Will be sent in 24 hours." in now, "Will be sent in 4 hours." in later) == (True, True)


def test_the_result_is_only_for_those_who_sent_it_and_for_a_day(signed_in, organization, owner, admin):
    client = signed_in(owner)
    [(address, _)] = send(client, hidden(preview(client, "ann@example.com"))).redirect_chain
    assert client.get(address).status_code == 200
    assert signed_in(admin).get(address).status_code == 404
    IdempotentResponse.objects.update(created_at=timezone.now() - IdempotentResponse.KEPT_FOR - timedelta(seconds=1))
    delete_old_responses()
    page = signed_in(owner).get(address)
    assert page.status_code == 404
    assert "The result is too old. See the page People." in visible_text(page)


def test_the_preview_and_the_result_can_be_downloaded(signed_in, organization, owner):
    client = signed_in(owner)
    draft = hidden(preview(client, "Ann Lee <ann@example.com>, member@example.com"))
    assert "Line 1" in visible_text(preview(client, "ann@example.com"))

    before = client.post(PAGE, {"draft": draft, "step": "download"})
    [(done, _)] = send(client, draft).redirect_chain
    after = client.get(f"{done}&download=1")

    for response, verdict in ((before, "Will be invited"), (after, "Invited")):
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert "no-store" in response["Cache-Control"]
        assert b"".join(response).decode("utf-8-sig").splitlines() == [
            "Row,Email address,Name,Role,Workspace or application,Result,Reason,Also in the list",
            f"1,ann@example.com,Ann Lee,Viewer,,{verdict},,",
            "1,member@example.com,,,,Already a member,,",
        ]


def test_a_file_of_another_product_is_read_and_its_roles_can_be_changed(signed_in, organization, owner):
    client = signed_in(owner)
    page = client.post(PAGE, {**OFFER, "file": SimpleUploadedFile("members.csv", SLACK.encode())})

    text = visible_text(page)
    assert "Members of Slack. 3 rows. Nothing has been sent yet." in text
    assert facts(page) == {"Will be invited": 2, "Left out": 1}
    assert "Role for “Admin”" in text
    assert f'<option value="{ADMIN_ROLE}" selected>' in page.content.decode()

    words = [line for line in text if line.startswith("Role for")]
    chosen = {f"word-{words.index('Role for “Admin”')}": str(EDITOR_ROLE)}
    again = client.post(PAGE, {"draft": hidden(page), "step": "preview", **chosen})
    send(client, hidden(again), **chosen)

    assert Invitation.objects.get(email="ann@example.com").role_id == EDITOR_ROLE


def test_roles_that_the_preview_has_not_shown_are_shown_before_anybody_is_invited(signed_in, organization, owner):
    client = signed_in(owner)
    page = client.post(
        PAGE, {**OFFER, "file": SimpleUploadedFile("members.csv", SLACK.replace("Admin", "Primary Owner").encode())}
    )
    assert facts(page) == {"Will be invited": 1, "Left out": 1, "Unknown role": 1}
    html = page.content.decode()
    assert (html.count("Choose a role</option>"), html.count("As in the list</option>")) == (2, 0)
    words = [line for line in visible_text(page) if line.startswith("Role for")]
    chosen = {f"word-{words.index('Role for “Primary Owner”')}": str(ADMIN_ROLE)}

    again = client.post(PAGE, {"draft": hidden(page), "step": "send", **chosen})

    assert not Invitation.objects.exists()
    text = visible_text(again)
    assert "You have changed the roles. Nobody has been invited yet: check the list again." in text
    assert "Invite 2 people" in text
    done = send(client, hidden(again), **chosen)
    text = visible_text(done)
    assert "2 people have been invited" in text
    assert text[text.index("ann@example.com") :][1:4] == ["Ann Lee", "Admin", "Invited"]
    assert Invitation.objects.get(email="ann@example.com").role_id == ADMIN_ROLE


def test_the_list_can_be_changed_after_the_preview(signed_in, organization, owner):
    design, build = (UnitFactory.create(organization=organization, name=name) for name in ("Design", "Build"))
    rows = {
        "unit_id": str(design.pk), "unit_role_id": str(UNIT_EDITOR_ROLE),
        "unit_id_2": str(build.pk), "unit_role_id_2": str(UNIT_VIEWER_ROLE),
    }  # fmt: skip
    client = signed_in(owner)
    given = {
        **OFFER,
        **rows,
        "role_id": str(EDITOR_ROLE),
        "message": "Welcome",
        "people": "zoe@example\nann@münchen.de",
    }
    page = client.post(PAGE, given)
    assert "ann@münchen.de" in visible_text(page)

    form = client.post(PAGE, {"draft": hidden(page), "step": "change"}).context["form"]

    assert {name: form[name].value() for name in given} == given
    assert not form.is_bound
    file = client.post(PAGE, {**OFFER, "file": SimpleUploadedFile("members.csv", SLACK.encode())})
    again = client.post(PAGE, {"draft": hidden(file), "step": "change"})
    assert (again.status_code, again.context["form"]["role_id"].value()) == (200, str(VIEWER_ROLE))
    assert "Please choose or paste the list again." in visible_text(again)


def test_two_people_in_one_row_of_a_sheet_are_two_people():
    rows = [UploadedRow(1, "ann@example.com"), UploadedRow(1, "bob@example.com")]

    assert people_in(judged(rows, [RowResult(row.email, RowVerdict.INVITED) for row in rows], {})) == 2


def test_all_people_can_be_invited_to_several_units(signed_in, organization, owner):
    design, build = (UnitFactory.create(organization=organization, name=name) for name in ("Design", "Build"))
    shop = UnitFactory.create(organization=organization, name="Shop")
    InvitationFactory.create(
        organization=organization, inviter=owner, email="bob@example.com", unit=build, unit_role_id=UNIT_VIEWER_ROLE
    )
    rows = {
        "unit_id": str(design.pk), "unit_role_id": str(UNIT_EDITOR_ROLE),
        "unit_id_2": str(build.pk), "unit_role_id_2": str(UNIT_VIEWER_ROLE),
    }  # fmt: skip
    client = signed_in(owner)
    people = (
        "email,workspace,workspace role\nann@example.com,,\nbob@example.com,,\ncid@example.com,Shop,viewer\nme@,,\n"
    )

    page = preview(client, people, **rows)

    text = visible_text(page)
    assert "Table. 4 rows. Nothing has been sent yet." in text
    assert facts(page) == {"Will be invited": 3, "Already invited": 1, "Invalid email address": 1}
    assert "Design, as Editor; Build, as Viewer" in text[text.index("ann@example.com") :][:3]
    assert "Invite 3 people" in text
    [(done, _)] = send(client, hidden(page)).redirect_chain
    cells = b"".join(client.get(f"{done}&download=1")).decode("utf-8-sig").splitlines()
    assert cells[1:4] == [
        '2,ann@example.com,,Viewer,"Design, as Editor; Build, as Viewer",Invited,,',
        '3,bob@example.com,,Viewer,"Design, as Editor",Invited,,',
        '3,bob@example.com,,,"Build, as Viewer",Already invited,,',
    ]
    ann = Invitation.objects.filter(email="ann@example.com").order_by("id")
    assert [(one.unit, one.unit_role_id) for one in ann] == [(design, UNIT_EDITOR_ROLE), (build, UNIT_VIEWER_ROLE)]
    assert {one.shares_email_of_id for one in ann} == {ann[0].pk}
    assert Invitation.objects.get(email="cid@example.com").unit == shop
    assert Email.objects.filter(invitation__email="ann@example.com").count() == 1


def test_a_button_adds_a_row_and_asks_for_the_file_again(signed_in, organization, owner):
    UnitFactory.create_batch(2, organization=organization)
    client = signed_in(owner)
    given = {**OFFER, "add_unit": "1"}

    pasted = client.post(PAGE, {**given, "people": "ann@example.com"})
    chosen = client.post(PAGE, {**given, "file": SimpleUploadedFile("members.csv", SLACK.encode())})

    assert 'name="unit_id_2"' in pasted.content.decode()
    assert "ann@example.com" in pasted.content.decode()
    assert (pasted.status_code, chosen.status_code) == (200, 200)
    assert "Please choose the file again." not in visible_text(pasted)
    assert "Please choose the file again." in visible_text(chosen)


def test_nobody_maps_a_word_to_a_role_that_they_may_not_give(signed_in, organization, invitee):
    MembershipFactory.create(organization=organization, user=invitee, permissions=["organization:manage_members"])
    client = signed_in(invitee)
    page = preview(client, "email,role\nann@example.com,Chief\n", role_id=str(UNASSIGNED_ROLE))
    assert str(OWNER_ROLE) not in page.content.decode()

    sent = send(client, hidden(page), **{"word-0": str(OWNER_ROLE)})

    assert sent.status_code == 200
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"people": ""}, "Paste email addresses or choose a file."),
        ({"people": "no address here"}, "There is no column with email addresses. Name it “Email” in the first row."),
        ({"people": "ann@example.com", "lifetime_days": "31"}, "Ensure this value is less than or equal to 30."),
    ],
)
def test_a_list_that_cannot_be_read_says_why(signed_in, organization, owner, given, said):
    page = signed_in(owner).post(PAGE, {**OFFER, **given})

    assert page.status_code == 400
    assert said in visible_text(page)


def test_nobody_can_change_or_use_the_draft_of_somebody_else(signed_in, organization, owner, admin, client):
    draft = hidden(preview(signed_in(owner), "ann@example.com"))

    for who, text in ((admin, draft), (owner, draft[:-1] + "x"), (owner, "nonsense")):
        page = signed_in(who).post(PAGE, {"draft": text, "step": "send"})
        assert page.status_code == 400
        assert "The preview is too old. Please choose the list again." in visible_text(page)
    assert not Invitation.objects.exists()


def test_a_preview_is_valid_for_two_hours(signed_in, organization, owner):
    client = signed_in(owner)
    draft = hidden(preview(client, "ann@example.com"))

    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=1)):
        page = client.post(PAGE, {"draft": draft, "step": "send"})

    assert page.status_code == 400
    assert "The preview is too old. Please choose the list again." in visible_text(page)
    assert not Invitation.objects.exists()


def test_reasons_are_in_the_words_of_the_list(signed_in, organization, invitee):
    unit = UnitFactory.create(organization=organization, slug="design")
    MembershipFactory.create(organization=organization, user=invitee, unit_roles={unit: UNIT_ADMIN_ROLE})
    chosen = {"role_id": str(UNASSIGNED_ROLE), "unit_id": str(unit.pk), "unit_role_id": str(UNIT_VIEWER_ROLE)}
    people = """email,role,workspace,workspace role
a@example.com,Chief,design,viewer
b@example.com,,design,Chief
c@example.com,,other,viewer
d@example.com,admin,design,viewer"""

    page = preview(signed_in(invitee), people, **chosen)

    text = visible_text(page)
    said = [text[text.index(f"{name}@example.com") :][:5] for name in "abcd"]
    assert "Choose a role for “Chief” above." in said[0]
    assert "Workspaces and applications have no role “Chief”." in said[1]
    assert "other" in said[2]
    assert "admin" in said[3]


def test_the_id_of_a_role_is_no_reason():
    refused = RowResult("ann@example.com", RowVerdict.ROLE_NOT_YOURS, str(UNIT_ADMIN_ROLE))
    row = UploadedRow(1, "ann@example.com", unit_role=str(UNIT_ADMIN_ROLE))
    assert JudgedRow(row, refused).reason == ""


def test_a_draft_of_another_organization_is_refused(signed_in, organization, owner):
    Organization.objects.create(slug="lakeside", name="Lakeside")
    MembershipFactory.create(organization=Organization.objects.get(slug="lakeside"), user=owner, role_id=OWNER_ROLE)
    client = signed_in(owner)
    draft = hidden(preview(client, "ann@example.com"))

    page = client.post("/organizations/lakeside/invite/many", {"draft": draft, "step": "send"})

    assert page.status_code == 400
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_member_who_manages_nobody_cannot_invite(signed_in, organization, member, method):
    assert getattr(signed_in(member), method)(PAGE).status_code == 403


def test_the_form_needs_a_csrf_token(organization, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)

    assert client.post(PAGE, {**OFFER, "people": "ann@example.com"}).status_code == 403


def test_a_thousand_rows_show_the_first_hundred_and_the_problems_first(signed_in, organization, owner):
    people = ", ".join([*(f"person-{number}@example.com" for number in range(1000)), "member@example.com"])

    text = visible_text(preview(signed_in(owner), people))

    rows = text[text.index("People in the list") + 1 :]
    assert rows[0] == "member@example.com"
    assert rows[-1] == "901 more rows are in the download."


@pytest.mark.parametrize("content", ["text/plain", "fields"])
def test_a_list_that_is_too_large_to_paste_is_refused_on_the_page_with_what_to_do(
    signed_in, organization, owner, settings, content
):
    client = signed_in(owner)
    given = {"people": "a" * 50_000} if content == "text/plain" else {f"word-{number}": "x" for number in range(1001)}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 40_000

    with track_changes() as changes:
        page = client.post(PAGE, {**OFFER, **given})

    assert changes.nothing
    assert page.status_code == 413
    text = visible_text(page)
    assert text[0] == (
        "That was too much for this form. If you pasted a long list, save it as a file, and choose the file instead."
    )
    assert {"Invite many people", "Or a file", "Preview"} <= set(text)
    file = SimpleUploadedFile("people.csv", b"email\nann@example.com\n" + b"\n" * 50_000)
    assert client.post(PAGE, {**OFFER, "file": file}).status_code == 200


def test_a_button_whose_form_is_too_large_leads_back_and_says_so(invitation, owner, member, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    page_of_invitation = f"/organizations/riverside/invitations/{invitation.pk}"
    client: Any = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    client.get(page_of_invitation)  # sets the cookie

    with track_changes() as changes:
        page = client.post(f"{page_of_invitation}/resend", {"x": "a" * 20_000}, follow=True)

    assert changes.nothing
    assert page.redirect_chain == [(page_of_invitation, 302)]
    assert visible_text(page)[0].startswith("That was too much for this form.")
    client.force_login(member)
    other = client.post(PAGE, {"x": "a" * 20_000})
    assert (other.status_code, visible_text(other)[1]) == (413, "This is too large")
    assert " ".join(visible_text(other)).count("That was too much for this form.") == 1
