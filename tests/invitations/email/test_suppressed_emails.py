"""Test that unsubscribed addresses get no emails, and that organizations cannot see which emails were withheld."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.principals import LINK_HOLDER, Principal
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.inviting import resend
from invitations.actions.maintenance import send_reminders
from invitations.email.address_hashes import SuppressionScope
from invitations.email.models import Attempt, Email
from invitations.email.queue import queue_email
from invitations.email.suppressions import remove_suppression, suppressions_of, unsubscribe
from invitations.models import Invitation
from invitations.tokens import Proof, Purpose
from orgs.models import Organization
from tests.factories import InvitationFactory, OrganizationFactory, UserFactory
from tests.outbox.fixtures import let_time_pass
from tests.outbox.scripted_server import GOOD, ScriptedServer
from tests.support.outbox import deliver_next
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]
UNSUBSCRIBED = "The recipient has unsubscribed."
SUPPRESSED, SUBSCRIBED = "suppressed@example.com", "subscribed@example.com"


@pytest.fixture
def suppress(organization: Organization, owner: User) -> Callable[[SuppressionScope], None]:
    """Return a function that unsubscribes an address with the link of an earlier invitation."""

    def suppress(scope: SuppressionScope = SuppressionScope.ORGANIZATION, address: str = SUPPRESSED) -> None:
        former = InvitationFactory.create(organization=organization, email=address, inviter=owner, declined=True)
        proof = Proof(former.pk, 1, Purpose.UNSUBSCRIBE)
        unsubscribe(by=LINK_HOLDER, invitation_id=former.pk, scope=scope, proof=proof)

    return suppress


def deliver_all() -> None:
    while deliver_next():
        pass


def shown_to(owner: User, invitation: Invitation) -> dict[str, Any]:
    """Return the invitation as the API shows it, without the fields that differ between any two invitations."""
    client = APIClient()
    client.force_authenticate(owner, token=session_of(owner))  # type: ignore[arg-type]
    path = f"/api/v0/organizations/{invitation.organization_id}/invitations"
    row: dict[str, Any] = client.get(f"{path}/{invitation.pk}").json()["data"]
    explained = client.get(f"{path}/{invitation.pk}/explain").json()["data"]
    sent_at = [entry["at"] for entry in explained["timeline"] if entry["what"] == "email.sent"][-1]
    assert row["delivery"]["sentAt"] == row["delivery"]["updatedAt"] == sent_at
    for name in ("id", "email", "createdAt", "updatedAt", "expiresAt"):
        row.pop(name)
    for name in ("sentAt", "updatedAt"):
        row["delivery"].pop(name)
    states = {}
    for state in Email.State.values:
        found = client.get(path, {"delivery": state, "state": "pending"}).json()["data"]
        states[state] = str(invitation.pk) in [one["id"] for one in found]
    timeline = [f"{entry['what']} {entry['response']}" for entry in explained["timeline"]]
    return row | {"found by": states, "reason": explained["reason"], "timeline": timeline}


@pytest.mark.parametrize("scope", SuppressionScope)
def test_the_email_is_dropped_with_a_reason(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], scope: SuppressionScope
) -> None:
    suppress(scope)
    invitation = invite(SUPPRESSED)
    deliver_all()
    email = invitation.emails.get()
    assert (email.state, email.reason, email.response, email.attempts) == ("dropped", UNSUBSCRIBED, "", 0)
    assert email.sent_at is None
    assert email.withheld_at is not None
    assert mail_server.sessions == 0
    assert Invitation.objects.open().filter(pk=invitation.pk).exists()


@pytest.mark.parametrize(("scope", "accepted"), [(SuppressionScope.ORGANIZATION, 1), (SuppressionScope.ALL, 0)])
def test_another_organization_is_affected_by_the_scope_all(
    mail_server: ScriptedServer, suppress: Callable[..., None], scope: SuppressionScope, accepted: int, stranger: User
) -> None:
    suppress(scope)
    elsewhere = OrganizationFactory.create(slug="elsewhere", owners=[stranger])
    queue_email(
        InvitationFactory.create(organization=elsewhere, email=SUPPRESSED, inviter=stranger), Email.Kind.INVITATION
    )
    deliver_all()
    assert len(mail_server.accepted) == accepted


def test_an_email_suppressed_after_it_was_queued_is_not_sent(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None]
) -> None:
    invite(SUPPRESSED)
    suppress()
    deliver_all()
    assert mail_server.accepted == []


def test_the_organization_sees_a_suppressed_email_as_sent(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], owner: User
) -> None:
    suppress()
    suppressed, subscribed = invite(SUPPRESSED), invite(SUBSCRIBED)
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [[SUBSCRIBED]]
    assert [email.response for email in (suppressed.emails.get(), subscribed.emails.get())] == ["", GOOD["CONTENT"]]
    assert shown_to(owner, suppressed) == shown_to(owner, subscribed)
    assert shown_to(owner, suppressed)["delivery"] == {
        "kind": "invitation", "state": "sent", "attempts": 1, "response": None, "nextAttemptAt": None,
    }  # fmt: skip


def test_no_stored_time_shows_a_suppression(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None]
) -> None:
    suppress()
    suppressed, subscribed = invite(SUPPRESSED).emails, invite(SUBSCRIBED).emails
    deliver_all()
    assert suppressed.get().withheld_at == suppressed.get().updated_at
    assert subscribed.get().sent_at == subscribed.get().updated_at == subscribed.get().history.get().created_at


def test_the_organization_sees_no_difference_when_a_deferred_email_is_suppressed(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], owner: User
) -> None:
    mail_server.script("RCPT", "451 4.3.0 Later", "451 4.3.0 Later")
    suppressed, subscribed = invite(SUPPRESSED), invite(SUBSCRIBED)
    deliver_all()
    suppress()
    let_time_pass()
    deliver_all()
    assert shown_to(owner, suppressed) == shown_to(owner, subscribed)
    assert shown_to(owner, suppressed)["delivery"]["attempts"] == 2


def test_reminders_are_queued_and_suppressed_alike(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], owner: User
) -> None:
    suppress()
    suppressed, subscribed = invite(SUPPRESSED), invite(SUBSCRIBED)
    deliver_all()
    earlier = timezone.now() - timedelta(days=2)
    Email.objects.filter(sent_at__isnull=False).update(sent_at=earlier)
    Email.objects.filter(withheld_at__isnull=False).update(withheld_at=earlier)
    Attempt.objects.update(created_at=earlier)
    Invitation.objects.unanswered().update(expires_at=timezone.now() + timedelta(days=1))
    send_reminders()
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [[SUBSCRIBED]] * 2
    assert suppressed.emails.get(kind="reminder").reason == UNSUBSCRIBED
    assert shown_to(owner, suppressed) == shown_to(owner, subscribed)
    assert shown_to(owner, suppressed)["delivery"]["kind"] == "reminder"


def test_the_audit_log_shows_no_suppression(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], by_owner: Principal
) -> None:
    suppress()
    logs = []
    for invitation in (invite(SUPPRESSED), invite(SUBSCRIBED)):
        deliver_all()
        resend(by=by_owner, organization_id=invitation.organization_id, invitation_id=invitation.pk)
        deliver_all()
        logs.append(list(Event.objects.about(invitation).values_list("kind", "data__generation")))
    assert logs[0] == logs[1]


def test_an_unsubscribed_invitee_can_accept_on_the_website(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], client: Client
) -> None:
    suppress(SuppressionScope.ALL)
    invitation = invite(SUPPRESSED)
    deliver_all()
    person = UserFactory.create(email="suppressed@example.com")
    client.force_login(person)
    assert "Riverside" in client.get("/invitations").content.decode()
    assert accept(by=session_of(person), invitation_id=invitation.pk).membership is not None


def test_emails_to_the_inviter_are_sent_although_the_inviter_unsubscribed(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], invitee: User
) -> None:
    suppress(SuppressionScope.ALL, "owner@example.com")
    invitation = invite()
    accept(by=session_of(invitee), invitation_id=invitation.pk)
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [["owner@example.com"]]


def test_emails_are_sent_again_after_the_suppression_is_removed(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None]
) -> None:
    suppress()
    person = UserFactory.create(email="suppressed@example.com")
    [found] = suppressions_of(person)
    remove_suppression(by=session_of(person), suppression_id=found.suppression.pk)
    invite(SUPPRESSED)
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [[SUPPRESSED]]


def test_staff_see_that_an_email_was_suppressed_and_find_no_list_of_suppressions(
    mail_server: ScriptedServer, invite: Invite, suppress: Callable[..., None], client: Client
) -> None:
    suppress()
    invitation = invite(SUPPRESSED)
    deliver_all()
    client.force_login(UserFactory.create(email="staff@example.com", superuser=True))
    page = client.get(reverse("admin:invitations_invitation_change", args=[invitation.pk])).content.decode()
    assert UNSUBSCRIBED in page
    listed = client.get(reverse("admin:invitations_invitation_changelist"), {"delivery": "dropped"})
    assert [row.pk for row in listed.context["cl"].result_list] == [invitation.pk]
    assert "refusal" not in client.get(reverse("admin:index")).content.decode().lower()


def test_only_what_was_dropped_is_withheld(invite: Invite) -> None:
    invite()
    with pytest.raises(IntegrityError, match="email_withheld_is_dropped"), transaction.atomic():
        Email.objects.update(withheld_at=timezone.now())
