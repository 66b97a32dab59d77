"""What whoever invited is mailed when an invitation ends and its own mail never went out."""

from collections.abc import Callable

import pytest
from django.db.models.functions import Now

from accounts.models import User
from accounts.principals import Principal
from invitations.actions import ending, inviting
from invitations.actions.maintenance import expire_overdue
from invitations.email.deliver import deliver_next
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.accounts import purge_account
from orgs.models import Organization
from tests.invitations.email.conftest import let_time_pass
from tests.invitations.email.scripted_server import ScriptedServer
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]


@pytest.fixture
def put_off(mail_server: ScriptedServer, invite: Invite) -> Invitation:
    """Its mail was deferred until its date had passed."""
    invitation = invite()
    mail_server.answer("RCPT", "451 4.3.0 Try again later")
    assert deliver_next()
    Invitation.objects.update(expires_at=Now())
    expire_overdue()
    let_time_pass()
    return invitation


def deliver_all() -> None:
    while deliver_next():
        pass


def test_they_are_told_with_the_last_words_of_the_server(mail_server: ScriptedServer, put_off: Invitation) -> None:
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
    assert put_off.emails.get(kind="invitation").reason == "The invitation is expired."


def test_in_german(mail_server: ScriptedServer, put_off: Invitation) -> None:
    Organization.objects.update(language="de")

    deliver_all()

    [notice] = mail_server.accepted
    assert notice.text.startswith(
        "Ihre Einladung an invitee@example.com, Riverside beizutreten, ist abgelaufen, bevor wir die E‑Mail "
        "zustellen konnten.\n"
        "\n"
        "Der letzte Versuch endete mit:\n"
        "\n"
        "> 451 4.3.0 Try again later\n"
        "\n"
        "Damit die Person beitreten kann, prüfen Sie die Adresse, und senden Sie die Einladung noch einmal.\n"
    )


def test_no_server_is_quoted_where_none_was_asked(mail_server: ScriptedServer, invite: Invite) -> None:
    invite()
    Invitation.objects.update(expires_at=Now())
    deliver_all()
    expire_overdue()

    deliver_all()

    [notice] = mail_server.accepted
    assert "expired before we could deliver the email.\n\nTo let them join," in notice.text


@pytest.mark.parametrize("again", [inviting.resend, inviting.correct_address])
def test_what_was_sent_again_or_corrected_meanwhile_needs_no_telling(
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


def test_nothing_is_told_about_who_was_erased(mail_server: ScriptedServer, put_off: Invitation, invitee: User) -> None:
    purge_account(by=session_of(invitee), user=invitee)

    deliver_all()

    assert mail_server.accepted == []
    assert Email.objects.get(kind="undeliverable").reason == "The invited person was erased."
