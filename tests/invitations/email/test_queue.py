"""Test the outbox: when emails are queued, what is stored, and which rows are valid."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.principals import SERVICE, Principal
from invitations.actions import answering, ending, inviting
from invitations.email.models import Attempt, Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from orgs.actions.accounts import purge_account
from orgs.actions.organizations import set_seat_limit
from orgs.models import Organization
from tests.outbox.scripted_server import ScriptedServer
from tests.support.outbox import deliver_next

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]


def outbox() -> list[tuple[str, str, str]]:
    return list(Email.objects.order_by("id").values_list("kind", "recipient", "state"))


def test_an_email_is_queued_with_its_invitation(invite: Invite) -> None:
    invitation = invite()
    email = invitation.emails.get()
    assert outbox() == [("invitation", "invitee@example.com", "queued")]
    assert (email.generation, email.attempts, email.response, email.lease_id, email.sent_at) == (1, 0, "", None, None)
    assert list(Email.objects.due()) == [email]


def test_nothing_secret_is_stored(invite: Invite) -> None:
    invite()
    [row] = Email.objects.values()
    assert not any("/i/" in str(value) for value in row.values())


def test_the_inviter_is_notified_of_an_acceptance_that_waited_for_a_seat(
    invite: Invite, organization: Organization, invitee: User, principal: Callable[..., Principal]
) -> None:
    invitation = invite()
    set_seat_limit(by=SERVICE, organization_id=organization.pk, seat_limit=organization.memberships.count())
    answering.accept(by=principal(invitee), invitation_id=invitation.pk)
    notice = ("answered", "owner@example.com", "queued")
    assert notice not in outbox()
    set_seat_limit(by=SERVICE, organization_id=organization.pk, seat_limit=None)
    assert outbox() == [("invitation", "invitee@example.com", "queued"), notice]


def test_a_deactivated_inviter_gets_no_email(invite: Invite, owner: User) -> None:
    invitation = invite()
    User.objects.filter(pk=owner.pk).update(is_active=False)
    ending.fail(invitation_id=invitation.pk, generation=1, reason="550")
    assert outbox() == [("invitation", "invitee@example.com", "queued")]


def test_no_email_is_queued_twice(invite: Invite) -> None:
    invitation = invite()
    with pytest.raises(IntegrityError), transaction.atomic():
        queue_email(invitation, Email.Kind.INVITATION)
    assert len(outbox()) == 1


def test_erasing_a_person_removes_their_address_from_all_emails_and_drops_unsent_ones(
    mail_server: ScriptedServer,
    invite: Invite,
    invitee: User,
    by_owner: Principal,
    principal: Callable[..., Principal],
) -> None:
    invitation = invite()
    mail_server.script("RCPT", "450 4.2.1 <invitee@example.com> is greylisted")
    assert deliver_next()
    deferred = invitation.emails.get()
    inviting.resend(by=by_owner, organization_id=invitation.organization_id, invitation_id=invitation.pk)
    purge_account(by=principal(invitee), user=invitee)
    erased = [f"erased-{email.pk.hex}@erased.invalid" for email in invitation.emails.order_by("id")]
    assert [(recipient, state) for _, recipient, state in outbox()] == [(address, "dropped") for address in erased]
    deferred.refresh_from_db()
    assert (deferred.response, [attempt.response for attempt in Attempt.objects.all()]) == ("", [""])
    assert not deliver_next()


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "sent"},
        {"state": "sent", "sent_at": Now()},
        {"state": "queued", "due_at": None},
        {"state": "queued", "sent_at": Now()},
        {"state": "failed"},
        {"state": "dropped", "due_at": None, "sent_at": Now()},
        {"state": "bounced", "due_at": None},
        {"state": "sending"},
        {"state": "queued", "lease_id": "00000000-0000-7000-8000-000000000000"},
        {"state": "lost"},
        {"kind": "advertisement"},
    ],
)
def test_inconsistent_columns_are_rejected(invite: Invite, columns: dict[str, Any]) -> None:
    invite()
    with pytest.raises(IntegrityError), transaction.atomic():
        Email.objects.update(**columns)


@pytest.mark.parametrize("state", ["sent", "delivered", "deferred", "bounced", "complained"])
def test_a_state_reported_by_a_provider_is_valid(invite: Invite, state: str) -> None:
    invite()
    Email.objects.update(state=state, sent_at=Now(), due_at=None)
    assert not Email.objects.unsent().exists()
