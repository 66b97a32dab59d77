"""Test what a page answers if the person signs out in another window during the request."""

import pytest

from tests.support.changes import track_changes

PROFILE = {"first_name": "Other", "last_name": "Name"}


@pytest.fixture
def meanwhile(client, invitee, invitation, open_link, settings):
    client.force_login(invitee)
    open_link(invitation)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.support.sign_out.sign_out_meanwhile"]
    client.handler.load_middleware()


@pytest.mark.usefixtures("meanwhile")
def test_nothing_is_accepted_and_signing_in_leads_back_to_the_invitation(client, invitation):
    with track_changes() as changes:
        response = client.post(f"/invitations/{invitation.pk}/accept")

    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next=/invitations/{invitation.pk}")
    assert changes.events == []


@pytest.mark.usefixtures("meanwhile")
def test_another_page_asks_to_sign_in_and_changes_nothing(client, invitee):
    response = client.post("/accounts/profile/", PROFILE)

    invitee.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/")
    assert invitee.first_name == "Invitee"
