"""Who asked for no mails gets none, and their organizations are told what they are told of everybody."""

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
from invitations.email.deliver import deliver_next
from invitations.email.models import Attempt, Email
from invitations.email.queue import queue_email
from invitations.email.suppressions import remove_suppression, suppressions_of, unsubscribe
from invitations.models import Invitation
from invitations.tokens import Proof, Purpose
from orgs.models import Organization
from tests.factories import InvitationFactory, OrganizationFactory, UserFactory
from tests.invitations.email.conftest import let_time_pass
from tests.invitations.email.scripted_server import GOOD, ScriptedServer
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

Invite = Callable[..., Invitation]
UNWANTED = "The recipient asked for no mails."
REFUSED, WELCOME = "refused@example.com", "welcome@example.com"


@pytest.fixture
def refuse(organization: Organization, owner: User) -> Callable[[SuppressionScope], None]:
    """Lets an address refuse, by the link of an invitation that is over."""

    def refuse(scope: SuppressionScope = SuppressionScope.ORGANIZATION, address: str = REFUSED) -> None:
        former = InvitationFactory.create(organization=organization, email=address, inviter=owner, declined=True)
        proof = Proof(former.pk, 1, Purpose.UNSUBSCRIBE)
        unsubscribe(by=LINK_HOLDER, invitation_id=former.pk, scope=scope, proof=proof)

    return refuse


def deliver_all() -> None:
    while deliver_next():
        pass


def told(owner: User, invitation: Invitation) -> dict[str, Any]:
    """How the house tells of it, without what differs between any two."""
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
    story = [f"{entry['what']} {entry['response']}" for entry in explained["timeline"]]
    return row | {"found by": states, "reason": explained["reason"], "story": story}


@pytest.mark.parametrize("scope", SuppressionScope)
def test_the_email_is_dropped_and_the_ledger_says_why(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], scope: SuppressionScope
) -> None:
    refuse(scope)
    invitation = invite(REFUSED)
    deliver_all()
    email = invitation.emails.get()
    assert (email.state, email.reason, email.response, email.attempts) == ("dropped", UNWANTED, "", 0)
    assert email.sent_at is None
    assert email.withheld_at is not None
    assert mail_server.sessions == 0
    assert Invitation.objects.open().filter(pk=invitation.pk).exists()


@pytest.mark.parametrize(("scope", "accepted"), [(SuppressionScope.ORGANIZATION, 1), (SuppressionScope.ALL, 0)])
def test_another_organization_is_concerned_when_all_are(
    mail_server: ScriptedServer, refuse: Callable[..., None], scope: SuppressionScope, accepted: int, stranger: User
) -> None:
    refuse(scope)
    elsewhere = OrganizationFactory.create(slug="elsewhere", owners=[stranger])
    queue_email(
        InvitationFactory.create(organization=elsewhere, email=REFUSED, inviter=stranger), Email.Kind.INVITATION
    )
    deliver_all()
    assert len(mail_server.accepted) == accepted


def test_what_was_refused_after_it_was_queued_is_not_sent(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None]
) -> None:
    invite(REFUSED)
    refuse()
    deliver_all()
    assert mail_server.accepted == []


def test_the_organization_is_told_the_same_as_of_a_email_that_was_sent(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], owner: User
) -> None:
    refuse()
    refused, welcome = invite(REFUSED), invite(WELCOME)
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [[WELCOME]]
    assert [email.response for email in (refused.emails.get(), welcome.emails.get())] == ["", GOOD["CONTENT"]]
    assert told(owner, refused) == told(owner, welcome)
    assert told(owner, refused)["delivery"] == {
        "kind": "invitation", "state": "sent", "attempts": 1, "response": None, "nextAttemptAt": None,
    }  # fmt: skip


def test_no_time_in_the_ledger_tells_them_apart(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None]
) -> None:
    refuse()
    refused, welcome = invite(REFUSED).emails, invite(WELCOME).emails
    deliver_all()
    assert refused.get().withheld_at == refused.get().updated_at
    assert welcome.get().sent_at == welcome.get().updated_at == welcome.get().history.get().created_at


def test_also_when_it_was_refused_while_a_server_put_it_off(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], owner: User
) -> None:
    mail_server.answer("RCPT", "451 4.3.0 Later", "451 4.3.0 Later")
    refused, welcome = invite(REFUSED), invite(WELCOME)
    deliver_all()
    refuse()
    let_time_pass()
    deliver_all()
    assert told(owner, refused) == told(owner, welcome)
    assert told(owner, refused)["delivery"]["attempts"] == 2


def test_reminders_are_queued_and_refused_alike(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], owner: User
) -> None:
    refuse()
    refused, welcome = invite(REFUSED), invite(WELCOME)
    deliver_all()
    earlier = timezone.now() - timedelta(days=2)
    Email.objects.filter(sent_at__isnull=False).update(sent_at=earlier)
    Email.objects.filter(withheld_at__isnull=False).update(withheld_at=earlier)
    Attempt.objects.update(created_at=earlier)
    Invitation.objects.unanswered().update(expires_at=timezone.now() + timedelta(days=1))
    send_reminders()
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [[WELCOME]] * 2
    assert refused.emails.get(kind="reminder").reason == UNWANTED
    assert told(owner, refused) == told(owner, welcome)
    assert told(owner, refused)["delivery"]["kind"] == "reminder"


def test_the_log_of_the_organization_is_the_same(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], by_owner: Principal
) -> None:
    refuse()
    logs = []
    for invitation in (invite(REFUSED), invite(WELCOME)):
        deliver_all()
        resend(by=by_owner, organization_id=invitation.organization_id, invitation_id=invitation.pk)
        deliver_all()
        logs.append(list(Event.objects.about(invitation).values_list("kind", "data__generation")))
    assert logs[0] == logs[1]


def test_the_invitation_waits_for_its_invitee(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], client: Client
) -> None:
    refuse(SuppressionScope.ALL)
    invitation = invite(REFUSED)
    deliver_all()
    person = UserFactory.create(email="refused@example.com")
    client.force_login(person)
    assert "Riverside" in client.get("/invitations").content.decode()
    assert accept(by=session_of(person), invitation_id=invitation.pk).membership is not None


def test_emails_to_whoever_invited_are_no_invitations(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], invitee: User
) -> None:
    refuse(SuppressionScope.ALL, "owner@example.com")
    invitation = invite()
    accept(by=session_of(invitee), invitation_id=invitation.pk)
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [["owner@example.com"]]


def test_after_it_was_taken_back_emails_come_again(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None]
) -> None:
    refuse()
    person = UserFactory.create(email="refused@example.com")
    [found] = suppressions_of(person)
    remove_suppression(by=session_of(person), suppression_id=found.suppression.pk)
    invite(REFUSED)
    deliver_all()
    assert [delivery.recipients for delivery in mail_server.accepted] == [[REFUSED]]


def test_staff_see_that_it_was_refused_and_find_no_list_of_who_did(
    mail_server: ScriptedServer, invite: Invite, refuse: Callable[..., None], client: Client
) -> None:
    refuse()
    invitation = invite(REFUSED)
    deliver_all()
    client.force_login(UserFactory.create(email="staff@example.com", superuser=True))
    page = client.get(reverse("admin:invitations_invitation_change", args=[invitation.pk])).content.decode()
    assert UNWANTED in page
    listed = client.get(reverse("admin:invitations_invitation_changelist"), {"delivery": "dropped"})
    assert [row.pk for row in listed.context["cl"].result_list] == [invitation.pk]
    assert "refusal" not in client.get(reverse("admin:index")).content.decode().lower()


def test_only_what_was_dropped_is_withheld(invite: Invite) -> None:
    invite()
    with pytest.raises(IntegrityError, match="email_withheld_is_dropped"), transaction.atomic():
        Email.objects.update(withheld_at=timezone.now())
