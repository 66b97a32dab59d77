"""Test the pages that resend, extend or withdraw the invitations that are selected on *People*."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from invitations.bulk.selection import MAX_RESENT
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.permissions import EDITOR_ROLE, VIEWER_ROLE
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

PEOPLE = "/organizations/riverside/people"
PAGES = "/organizations/riverside/invitations"
OPERATIONS = ("resend", "extend", "withdraw")


def hidden(page: Any, name: str) -> str:
    [value] = re.findall(rf'name="{name}" value="([^"]*)"', page.content.decode())
    return value


def shown(page: Any) -> list[str]:
    """Return the addresses on the page."""
    return re.findall(r">([^<> ]+@example.com)</a>", page.content.decode())


def buttons(page: Any) -> list[str]:
    return re.findall(r'formaction="/organizations/riverside/invitations/(\w+)"', page.content.decode())


@pytest.fixture
def other(organization, owner) -> Invitation:
    return InvitationFactory.create(
        organization=organization, email="other@example.com", inviter=owner, role_id=VIEWER_ROLE
    )


# On *People*


def test_people_offers_a_checkbox_for_what_can_be_changed_and_the_buttons_that_are_possible(
    signed_in, invitation, organization, owner
):
    InvitationFactory.create(organization=organization, email="gone@example.com", inviter=owner, undeliverable=True)
    InvitationFactory.create(organization=organization, email="no@example.com", inviter=owner, declined=True)
    client = signed_in(owner)

    page = client.get(PEOPLE)
    assert re.findall(r'aria-label="(Select [^"]+)"', page.content.decode()) == [
        "Select gone@example.com",
        "Select invitee@example.com",
    ]
    assert buttons(page) == list(OPERATIONS)
    assert buttons(client.get(f"{PEOPLE}?shown=undeliverable")) == ["resend"]
    for nothing_to_do in ("shown=declined", "shown=members", "search=nobody"):
        assert "checkbox" not in client.get(f"{PEOPLE}?{nothing_to_do}").content.decode()


def test_a_member_who_manages_nobody_can_select_nothing(signed_in, invitation, member):
    client = signed_in(member)
    assert "checkbox" not in client.get(PEOPLE).content.decode()
    for operation in OPERATIONS:
        with track_changes() as changes:
            assert client.get(f"{PAGES}/{operation}?id={invitation.pk}").status_code == 403
            assert client.post(f"{PAGES}/{operation}", {"ids": invitation.pk, "lifetime_days": 10}).status_code == 403
        assert changes.nothing


def test_the_pages_of_others_are_not_found(signed_in, invitation, stranger):
    for operation in OPERATIONS:
        assert signed_in(stranger).get(f"{PAGES}/{operation}?id={invitation.pk}").status_code == 404


# The question


def test_the_question_says_what_happens_and_to_whom_and_changes_nothing(signed_in, invitation, other, owner):
    client = signed_in(owner)
    with track_changes() as changes:
        page = client.get(f"{PAGES}/withdraw?id={invitation.pk}&id={other.pk}&id={invitation.pk}&id=x")

    assert changes.nothing
    assert hidden(page, "ids") == f"{invitation.pk},{other.pk}"
    assert shown(page) == ["other@example.com", "invitee@example.com"]
    text = visible_text(page)
    assert text[text.index("Withdraw 2 invitations?") + 1 :][:4] == [
        "The links in all emails of these invitations stop working. Nobody can accept them.",
        "Nobody gets an email about it. To undo it, somebody must send new invitations.",
        "Withdraw",
        "Cancel",
    ]


def test_the_days_that_are_filled_in_extend_invitations_with_the_usual_lifetime(signed_in, invitation, owner):
    page = signed_in(owner).get(f"{PAGES}/extend?id={invitation.pk}")
    assert page.context["form"]["lifetime_days"].value() == 30


@pytest.mark.parametrize(
    ("operation", "query", "found"),
    [
        ("resend", "", ["gone", "open", "second"]),
        ("extend", "", ["open", "second"]),
        ("withdraw", "", ["open", "second", "waits"]),
        ("withdraw", "search=second", ["second"]),
        ("withdraw", f"role={EDITOR_ROLE}", ["second"]),
        ("resend", "shown=expired", ["late"]),
        ("withdraw", "shown=expired", []),
        ("withdraw", "shown=members", []),
        ("withdraw", "search=nobody", []),
        ("withdraw", "shown=nonsense", []),
    ],
)
def test_all_that_match_are_those_in_the_list_for_which_it_is_possible(
    signed_in, organization, owner, operation, query, found
):
    waits = UserFactory.create(email="waits@example.com")
    kinds: dict[str, dict[str, Any]] = {
        "open": {"role_id": VIEWER_ROLE}, "second": {"role_id": EDITOR_ROLE}, "gone": {"undeliverable": True},
        "waits": {"waiting": True, "invitee": waits}, "late": {"overdue": True}, "no": {"declined": True},
    }  # fmt: skip
    for name, values in kinds.items():
        InvitationFactory.create(organization=organization, email=f"{name}@example.com", inviter=owner, **values)

    page = signed_in(owner).get(f"{PAGES}/{operation}?all=1&{query}")

    assert page.status_code == (200 if found else 400)
    assert sorted(address.split("@")[0] for address in shown(page)) == found
    assert ("This isn't possible for any invitation in the list." in visible_text(page)) == (not found)


def test_nothing_selected_and_too_many_are_refused(signed_in, organization, owner, invitation):
    client = signed_in(owner)
    nothing = client.get(f"{PAGES}/resend")
    assert (nothing.status_code, "Select the invitations first." in visible_text(nothing)) == (400, True)

    InvitationFactory.create_batch(MAX_RESENT, organization=organization, inviter=owner)
    page = client.get(f"{PAGES}/resend?all=1")
    assert page.status_code == 422
    text = f"You can select at most {MAX_RESENT} invitations at once. Search or filter for fewer."
    assert text in visible_text(page)
    assert client.get(f"{PAGES}/withdraw?all=1").status_code == 200


# The result


def test_each_invitation_gets_a_verdict_and_the_result_can_be_downloaded(
    signed_in, invitation, other, organization, owner
):
    accepted = InvitationFactory.create(
        organization=organization, email="yes@example.com", inviter=owner, accepted=True, invitee=owner
    )
    client = signed_in(owner)

    page = client.post(f"{PAGES}/withdraw", {"ids": f"{invitation.pk},{accepted.pk},{other.pk}"}, follow=True)

    assert page.status_code == 200
    text = visible_text(page)
    assert text[text.index("2 invitations have been withdrawn") + 1 :] == [
        *("Withdrawn", "2", "No longer open", "1", "People", "Download (CSV)", "Selected invitations"),
        *(accepted.email, "No longer open", "The invitation was accepted."),
        *("invitee@example.com", "Withdrawn", "other@example.com", "Withdrawn"),
    ]
    assert set(Invitation.objects.values_list("status", flat=True)) == {"cancelled", "accepted"}
    [(address, _)] = page.redirect_chain
    file = client.get(f"{address}&download=1")
    assert b"".join(file.streaming_content).decode("utf-8-sig").splitlines() == [
        "Email address,Result,Reason",
        "invitee@example.com,Withdrawn,",
        f"{accepted.email},No longer open,The invitation was accepted.",
        "other@example.com,Withdrawn,",
    ]
    unknown = client.get(f"{address}x")
    assert (unknown.status_code, "The result is too old. See the page People." in visible_text(unknown)) == (404, True)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_form_changes_something_only_once(signed_in, invitation, owner, operation):
    client = signed_in(owner)
    page = client.get(f"{PAGES}/{operation}?id={invitation.pk}")
    form = {"ids": hidden(page, "ids"), "once": hidden(page, "once"), "lifetime_days": "20"}
    first = client.post(f"{PAGES}/{operation}", form, follow=True)

    with track_changes() as changes:
        again = client.post(f"{PAGES}/{operation}", form, follow=True)
        client.get(first.redirect_chain[0][0])

    assert changes.nothing
    assert again.redirect_chain == first.redirect_chain
    assert visible_text(again) == visible_text(first)
    other_days = client.post(f"{PAGES}/{operation}", form | {"lifetime_days": "21"}, follow=True)
    assert (other_days.redirect_chain == first.redirect_chain) == (operation == "withdraw")


def test_resending_sends_emails_and_takes_the_days(signed_in, invitation, other, owner):
    form = {"ids": f"{invitation.pk},{other.pk}", "lifetime_days": "20"}
    page = signed_in(owner).post(f"{PAGES}/resend", form, follow=True)

    assert "2 invitations have been sent again" in visible_text(page)
    assert sorted(Email.objects.values_list("recipient", flat=True)) == ["invitee@example.com", "other@example.com"]
    invitation.refresh_from_db()
    assert invitation.generation == 2
    assert abs(invitation.expires_at - timezone.now() - timedelta(days=20)) < timedelta(hours=1)


@pytest.mark.parametrize("days", ["31", ""])
def test_a_wrong_number_of_days_is_asked_for_again(signed_in, invitation, owner, days):
    client = signed_in(owner)
    with track_changes() as changes:
        page = client.post(f"{PAGES}/extend", {"ids": str(invitation.pk), "lifetime_days": days})

    assert changes.nothing
    assert (page.status_code, shown(page)) == (400, ["invitee@example.com"])
    assert 'aria-invalid="true"' in page.content.decode()


def test_a_manager_of_a_unit_changes_only_the_invitations_to_it(signed_in, invitation, organization, owner, invitee):
    unit = UnitFactory.create(organization=organization)
    managers = RoleFactory.create(organization=organization, level="unit", permissions=["unit:manage_members"])
    MembershipFactory.create(organization=organization, user=invitee, unit_roles={unit: managers.pk})
    InvitationFactory.create(organization=organization, email="here@example.com", inviter=owner, unit=unit)
    client = signed_in(invitee)

    assert shown(client.get(f"{PAGES}/withdraw?all=1")) == ["here@example.com"]
    page = client.post(f"{PAGES}/withdraw", {"ids": str(invitation.pk)}, follow=True)

    assert "invitee@example.com" not in page.content.decode()
    assert "0 invitations have been withdrawn" in visible_text(page)
    assert "Not found" in visible_text(page)
    invitation.refresh_from_db()
    assert invitation.status == "pending"
