"""Test that the page of an invitation greets the invitee and shows the inviter's message."""

import pytest

from tests.factories import InvitationFactory
from tests.support.pages import visible_text

LEAD = "Hello evil. example. Owner Cast invited you to join Riverside."
MESSAGE = ["Message from Owner Cast:", "See <b>", "www. evil. example"]


@pytest.mark.parametrize("signed_in", [False, True])
def test_nothing_in_them_is_a_link(client, owner, organization, invitee, open_link, signed_in):
    texts = {"invitee_name": "evil.example", "message": "See <b>\nwww.evil.example"}
    invitation = InvitationFactory.create(
        organization=organization, inviter=owner, invitee=invitee, metadata={"crm": 4711}, **texts
    )
    if signed_in:
        client.force_login(invitee)

    page = open_link(invitation)

    text = visible_text(page)
    assert LEAD in text
    assert text[text.index(MESSAGE[0]) :][:3] == MESSAGE
    assert "4711" not in page.content.decode()
