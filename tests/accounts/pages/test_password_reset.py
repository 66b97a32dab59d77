"""The password reset."""

import pytest

from accounts.passwords import PASSWORD_RULES
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

NEW = "another calm and long phrase"


@pytest.mark.parametrize("address", ["member@example.com", "nobody@example.com"])
def test_the_response_is_the_same_for_every_address(client, member, address):
    response = client.post("/accounts/password/reset/", {"email": address}, follow=True)

    assert response.status_code == 200
    assert visible_text(response)[0] == "Check your inbox"


def test_the_emailed_link_leads_to_a_new_password_and_the_key_leaves_the_address(client, member, mailoutbox, settings):
    client.post("/accounts/password/reset/", {"email": "member@example.com"})
    [link] = [word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word]

    opened = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
    page = client.get(opened["Location"])
    changed = client.post(opened["Location"], {"password1": NEW, "password2": NEW})

    assert opened["Location"].endswith("-set-password/")
    assert visible_text(page)[:3] == [
        "Change password",
        "New password",
        str(PASSWORD_RULES),
    ]
    assert (changed.status_code, changed["Location"]) == (302, "/accounts/password/reset/key/done/")
    member.refresh_from_db()
    assert (member.check_password(NEW), member.check_password(PASSWORD)) == (True, False)


def test_a_wrong_link_says_so(client, db):
    response = client.get("/accounts/password/reset/key/1-nothing/")

    assert visible_text(response)[0] == "This link does not work"
