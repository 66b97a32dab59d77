"""Test the page Seats and limits."""

from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.support.pages import visible_text

PAGE = "/organizations/riverside/usage"


def test_managers_see_what_is_used(client, owner, organization):
    Organization.objects.update(seat_limit=10, daily_email_limit=7, open_invitation_limit=5)
    InvitationFactory.create(organization=organization, email="ada@example.com", inviter=owner)
    client.force_login(owner)

    lines = visible_text(client.get(PAGE))

    assert lines[lines.index("Seats") :] == [
        "Seats",
        "4 of 10",
        "Each member takes a seat, and each person who is invited.",
        "Open invitations",
        "1 of 5",
        "Invitations that were emailed and not answered yet.",
        "Invitation emails in 24 hours",
        "0 of 7",
        "You can invite more people at any time. Their emails are then sent later.",
        "Scheduled emails",
        "0",
        "The people who run this service set these limits.",
    ]


def test_without_a_limit_it_says_so(client, owner, organization):
    client.force_login(owner)

    assert "3, without a limit" in visible_text(client.get(PAGE))


def test_a_viewer_may_not_see_it(client, member, organization):
    client.force_login(member)

    page = client.get(PAGE)

    assert page.status_code == 403
    assert "You don't have the permission for this." in visible_text(page)
