"""Test what staff do with the invitations that they select in the list of the admin."""

import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from events.models import Event
from invitations.bulk.selection import MAX_RESENT
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from tests.factories import InvitationFactory, OrganizationFactory
from tests.support.changes import track_changes
from tests.support.pages import visible_text

LIST = reverse("admin:invitations_invitation_changelist")
NAMES = ("resend", "extend", "withdraw")


def select(client: Client, name: str, *invitations: Invitation, query: str = "", **more: str) -> Any:
    """Choose the action in the list, and press "Go"."""
    ids = [str(invitation.pk) for invitation in invitations]
    return client.post(
        f"{LIST}{query}", {"action": f"{name}_selected", "index": "0", "_selected_action": ids, **more}, follow=True
    )


def confirm(client: Client, page: Any, **given: str) -> Any:
    """Send the form of the page that asks."""
    html = page.content.decode()
    [address] = re.findall(r'<form method="post" action="([^"]+selected/[^"]+)"', html)
    [ids] = re.findall(r'name="ids" value="([^"]*)"', html)
    return client.post(address.replace("&amp;", "&"), {"ids": ids, **given})


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def first(organization: Organization, owner: User) -> Invitation:
    return InvitationFactory.create(organization=organization, email="first@example.com", inviter=owner)


@pytest.fixture
def elsewhere(db: None) -> Invitation:
    return InvitationFactory.create(
        organization=OrganizationFactory.create(name="Hillside"), email="elsewhere@example.com"
    )


def test_the_page_asks_and_changes_nothing(admin_pages: Client, first: Invitation, elsewhere: Invitation):
    with track_changes() as changes:
        page = select(admin_pages, "withdraw", first, elsewhere)

    assert changes.nothing
    text = visible_text(page)
    assert "Withdraw 2 invitations?" in text
    assert {"first@example.com · Riverside", "elsewhere@example.com · Hillside"} <= set(text)


def test_invitations_of_several_organizations_are_withdrawn_and_each_refusal_is_told(
    admin_pages: Client, first: Invitation, elsewhere: Invitation, organization: Organization
):
    for number in range(12):
        InvitationFactory.create(organization=organization, email=f"no-{number:02}@example.com", declined=True)
    page = select(admin_pages, "withdraw", *Invitation.objects.order_by("id"), query="?state=open")
    response = confirm(admin_pages, select(admin_pages, "withdraw", *Invitation.objects.order_by("id")))

    assert "Withdraw 2 invitations?" in visible_text(page)  # the filter of the list limits the selection
    assert (response.status_code, response["Location"]) == (302, LIST)
    refused = ", ".join(f"no-{number:02}@example.com" for number in range(10))
    assert said(response) == [
        "2 invitations have been withdrawn.",
        f"No longer open: {refused}, 2 more. This invitation was declined.",
    ]
    assert set(Invitation.objects.exclude(status="declined").values_list("status", flat=True)) == {"cancelled"}
    assert {event.actor_method for event in Event.objects.filter(kind="invitation.cancelled")} == {"staff"}


def test_they_are_sent_again_and_extended_for_the_days_of_the_form(admin_pages: Client, first: Invitation):
    resent = confirm(admin_pages, select(admin_pages, "resend", first, query="?state=open"), lifetime_days="5")
    assert said(resent) == ["1 invitation has been sent again."]
    assert resent["Location"] == f"{LIST}?state=open"
    assert Email.objects.get().recipient == "first@example.com"

    page = select(admin_pages, "extend", first)
    with track_changes() as changes:
        assert confirm(admin_pages, page, lifetime_days="31").status_code == 200
    assert changes.nothing
    assert said(confirm(admin_pages, page, lifetime_days="3"))[-2:] == [
        "0 invitations have been extended.",
        "Not possible: first@example.com. This invitation already expires later.",
    ]
    assert said(confirm(admin_pages, page, lifetime_days="9"))[-1:] == ["1 invitation has been extended."]


def test_an_archived_organization_is_told_and_stops_no_other(
    admin_pages: Client, first: Invitation, elsewhere: Invitation, organization: Organization
):
    page = select(admin_pages, "withdraw", first, elsewhere)
    Organization.objects.filter(pk=organization.pk).update(deleted_at=first.created_at)

    response = confirm(admin_pages, page)

    assert len(said(response)) == 2
    elsewhere.refresh_from_db()
    first.refresh_from_db()
    assert (first.status, elsewhere.status) == ("pending", "cancelled")


def test_too_many_are_refused(admin_pages: Client, organization: Organization):
    InvitationFactory.create_batch(MAX_RESENT + 1, organization=organization)
    one = Invitation.objects.earliest("id")
    with track_changes() as changes:
        page = select(admin_pages, "resend", one, select_across="1")
        address = reverse("admin:invitations_invitation_selected", args=["resend"])
        ids = ",".join(str(pk) for pk in Invitation.objects.values_list("pk", flat=True))
        direct = admin_pages.post(address, {"ids": ids, "lifetime_days": "10"})
    assert changes.nothing
    assert f"Select at most {MAX_RESENT} invitations." in visible_text(page)
    assert said(direct) == [f"Select at most {MAX_RESENT} invitations."]


def test_the_actions_need_the_permission_to_change(staff_with_permissions: Any, first: Invitation):
    client = staff_with_permissions("view_invitation")
    with track_changes() as changes:
        for name in NAMES:
            address = reverse("admin:invitations_invitation_selected", args=[name])
            assert client.post(address, {"ids": str(first.pk), "lifetime_days": "10"}).status_code == 403
        assert "_selected" not in client.get(LIST).content.decode()
    assert changes.nothing


def test_only_the_form_changes_something(admin_pages: Client, first: Invitation):
    address = reverse("admin:invitations_invitation_selected", args=["withdraw"])
    assert admin_pages.get(address).status_code == 405
    assert admin_pages.post(address.replace("withdraw", "delete"), {"ids": str(first.pk)}).status_code == 403


def test_staff_do_not_resend_their_own_invitation(admin_pages: Client, organization: Organization):
    own = InvitationFactory.create(organization=organization, email="staff@example.com")
    response = confirm(admin_pages, select(admin_pages, "resend", own), lifetime_days="10")
    assert said(response)[0] == "0 invitations have been sent again."
    assert said(response)[1].startswith("Not permitted: staff@example.com. ")
    assert not Email.objects.exists()
