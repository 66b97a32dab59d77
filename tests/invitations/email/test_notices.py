"""Test the email that tells the inviter that an invitation expired before it could be delivered."""

from collections.abc import Callable

import pytest
from django.db.models.functions import Now

from accounts.models import User
from accounts.principals import Principal
from invitations.actions import ending, inviting
from invitations.actions.maintenance import expire_overdue
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.accounts import purge_account
from orgs.models import Organization
from tests.outbox.fixtures import let_time_pass
from tests.outbox.scripted_server import ScriptedServer
from tests.support.outbox import deliver_next
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]


@pytest.fixture
def expired_before_delivery(mail_server: ScriptedServer, invite: Invite) -> Invitation:
    """Return an expired invitation whose email was always deferred and never sent."""
    invitation = invite()
    mail_server.script("RCPT", "451 4.3.0 Try again later")
    assert deliver_next()
    Invitation.objects.update(expires_at=Now())
    expire_overdue()
    let_time_pass()
    return invitation


def deliver_all() -> None:
    while deliver_next():
        pass


def test_the_inviter_reads_the_last_response_of_the_server(
    mail_server: ScriptedServer, expired_before_delivery: Invitation
) -> None:
    deliver_all()

    [notice] = mail_server.accepted
    assert notice.recipients == ["owner@example.com"]
    assert notice.text == (
        "Your invitation for invitee@example.com to join Riverside expired before we could deliver the email.\n"
        "\n"
        "The last attempt failed with:\n"
        "\n"
        "> 451 4.3.0 Try again later\n"
        "\n"
        "To let them join, check the address and send the invitation again.\n"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )
    assert "expired before we could deliver the email." in notice.html
    assert expired_before_delivery.emails.get(kind="invitation").reason == "The invitation is expired."


def test_the_notice_is_translated_to_german(mail_server: ScriptedServer, expired_before_delivery: Invitation) -> None:
    Organization.objects.update(language="de")

    deliver_all()

    [notice] = mail_server.accepted
    assert notice.text.startswith(
        "Ihre Einladung zu Riverside ist abgelaufen, bevor wir die E‑Mail an invitee@example.com zustellen konnten.\n"
        "\n"
        "Der letzte Versuch endete mit:\n"
        "\n"
        "> 451 4.3.0 Try again later\n"
        "\n"
        "Damit die Person beitreten kann, prüfen Sie die Adresse, und senden Sie die Einladung noch einmal.\n"
    )


def test_the_notice_quotes_no_response_when_no_server_was_asked(mail_server: ScriptedServer, invite: Invite) -> None:
    invite()
    Invitation.objects.update(expires_at=Now())
    deliver_all()
    expire_overdue()

    deliver_all()

    [notice] = mail_server.accepted
    assert "expired before we could deliver the email.\n\nTo let them join," in notice.text


@pytest.mark.parametrize("again", [inviting.resend, inviting.correct_address])
def test_no_notice_is_sent_about_a_replaced_invitation(
    mail_server: ScriptedServer, invite: Invite, by_owner: Principal, again: Callable[..., Invitation]
) -> None:
    former = invite()
    if again is inviting.correct_address:
        ending.fail(invitation_id=former.pk, generation=1, reason="550")
    Invitation.objects.exclude(status="error").update(expires_at=Now())
    address = {"email": "right@example.com"} if again is inviting.correct_address else {}
    newer = again(by=by_owner, organization_id=former.organization_id, invitation_id=former.pk, **address)

    deliver_all()

    assert [delivery.recipients for delivery in mail_server.accepted] == [[newer.email]]
    notice = former.emails.get(kind="undeliverable")
    assert (notice.state, notice.reason) == ("dropped", "A newer invitation was sent.")


def test_no_notice_is_sent_about_an_erased_person(
    mail_server: ScriptedServer, expired_before_delivery: Invitation, invitee: User
) -> None:
    purge_account(by=session_of(invitee), user=invitee)

    deliver_all()

    assert mail_server.accepted == []
    assert Email.objects.get(kind="undeliverable").reason == "The invited person was erased."
