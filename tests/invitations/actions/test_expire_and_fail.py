"""Test the actions of the service itself: marking invitations as expired or undeliverable."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from core.ids import uuid7
from invitations.actions.ending import expire, fail
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.models import Invitation
from orgs.actions.roles import create_role, delete_role
from orgs.locks import OrganizationNotFound
from orgs.models import Organization
from orgs.permissions import Level
from tests.factories import InvitationFactory
from tests.support.changes import event, track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db


class TestExpiring:
    def test_overdue_ones_are_marked_with_the_date_they_ended(
        self, organization: Organization, other_organization: Organization, owner: User, invitee: User
    ):
        overdue = [
            InvitationFactory.create(
                organization=organization, email=f"{n}@example.com", inviter=owner, expires_in=timedelta(days=-n)
            )
            for n in (1, 2)
        ]
        InvitationFactory.create(organization=organization, email="open@example.com", inviter=owner)
        InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner, waiting=True, overdue=True)
        InvitationFactory.create(
            organization=other_organization, email="other@example.com", inviter=owner, overdue=True
        )
        with track_changes() as changes:
            assert expire(organization_id=organization.pk) == 2
        assert changes.tables == {"invitations.Invitation": (0, 2, 0)}
        assert sorted(changes.events) == sorted(event("invitation.expired", row, None, organization) for row in overdue)
        for row in overdue:
            before = row.expires_at
            row.refresh_from_db()
            assert (row.status, row.finished_at, row.expires_at) == ("expired", before, before)

    def test_doing_it_again_changes_nothing(self, organization: Organization, owner: User):
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, overdue=True)
        expire(organization_id=organization.pk)
        with track_changes() as changes:
            assert expire(organization_id=organization.pk) == 0
        assert changes.nothing

    def test_an_archived_organization_is_kept_in_order_too(self, organization: Organization, owner: User):
        Organization.objects.update(deleted_at=timezone.now())
        InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner, overdue=True)
        assert expire(organization_id=organization.pk) == 1

    def test_one_that_is_gone_is_gone(self, owner: User):
        with pytest.raises(OrganizationNotFound):
            expire(organization_id=owner.pk)

    def test_nothing_depends_on_it(self, organization: Organization, owner: User):
        overdue = InvitationFactory.create(
            organization=organization, email="invitee@example.com", inviter=owner, overdue=True
        )
        assert not Invitation.objects.open().exists()
        assert Invitation.objects.with_details().get().state == "expired"
        expire(organization_id=organization.pk)
        assert Invitation.objects.with_details().get().state == "expired"
        assert Invitation.objects.get(pk=overdue.pk).status == "expired"


class TestNotifyingTheInviter:
    """The inviter is notified if an invitation expires before its email was sent."""

    @pytest.fixture
    def invitation(self, organization: Organization, owner: User) -> Invitation:
        """An overdue invitation with a queued email."""
        invitation = InvitationFactory.create(
            organization=organization, email="invitee@example.com", inviter=owner, overdue=True
        )
        queue_email(invitation, Email.Kind.INVITATION)
        return invitation

    @pytest.mark.parametrize(
        "email",
        [
            {"state": "queued"},
            {"state": "sending", "lease_id": uuid7()},
            {"state": "deferred", "attempts": 9, "response": "451 4.3.0 Later"},
            {"state": "failed", "due_at": None, "reason": "Not sent: BadHeaderError"},
            {"state": "dropped", "due_at": None, "reason": "The invitation is expired."},
        ],
        ids=lambda email: email["state"],
    )
    def test_they_are_notified_once_if_the_email_was_never_sent(
        self, organization: Organization, invitation: Invitation, email: dict[str, Any]
    ):
        Email.objects.update(**email)
        with track_changes() as changes:
            expire(organization_id=organization.pk)
            expire(organization_id=organization.pk)
        assert changes.tables == {"invitations.Invitation": (0, 1, 0), "invitations.Email": (1, 0, 0)}
        assert changes.events == [event("invitation.expired", invitation, None, organization)]
        assert notices() == ["owner@example.com"]

    @pytest.mark.parametrize("state", ["sent", "delivered", "deferred", "bounced", "complained"])
    def test_not_if_a_mail_server_took_it(self, organization: Organization, invitation: Invitation, state: str):
        Email.objects.update(state=state, due_at=None, sent_at=timezone.now())
        expire(organization_id=organization.pk)
        assert notices() == []

    def test_not_if_the_recipient_had_unsubscribed(self, organization: Organization, invitation: Invitation):
        Email.objects.update(state="dropped", due_at=None, withheld_at=timezone.now())
        expire(organization_id=organization.pk)
        assert notices() == []

    @pytest.mark.parametrize(("generation", "recipients"), [(1, ["owner@example.com"]), (2, [])])
    def test_the_email_of_the_newest_link_counts(
        self, organization: Organization, invitation: Invitation, generation: int, recipients: list[str]
    ):
        Invitation.objects.update(generation=2)
        invitation.refresh_from_db()
        queue_email(invitation, Email.Kind.INVITATION)
        sent = Email.objects.filter(generation=generation)
        sent.update(state="sent", due_at=None, sent_at=timezone.now())
        expire(organization_id=organization.pk)
        assert notices() == recipients

    def test_an_archived_organization_notifies_nobody(self, organization: Organization, invitation: Invitation):
        Organization.objects.update(deleted_at=timezone.now())
        expire(organization_id=organization.pk)
        assert notices() == []

    def test_it_expires_even_without_somebody_to_notify(
        self, organization: Organization, invitation: Invitation, owner: User
    ):
        User.objects.filter(pk=owner.pk).update(is_active=False)
        assert expire(organization_id=organization.pk) == 1
        assert notices() == []

    def test_every_way_of_marking_notifies(self, organization: Organization, invitation: Invitation, owner: User):
        role = create_role(
            by=session_of(owner),
            organization_id=organization.pk,
            level=Level.ORGANIZATION,
            name="Guide",
            permissions=frozenset(),
        )
        Invitation.objects.update(role=role)
        delete_role(by=session_of(owner), organization_id=organization.pk, role_id=role.pk)
        assert notices() == ["owner@example.com"]

    def test_many_take_as_many_queries_as_one(
        self, organization: Organization, invitation: Invitation, owner: User, django_assert_num_queries: Any
    ):
        queue_email(
            InvitationFactory.create(
                organization=organization, email="second@example.com", inviter=owner, expires_in=timedelta(days=-2)
            ),
            Email.Kind.INVITATION,
        )
        with django_assert_num_queries(7):  # savepoint, lock, overdue rows, statuses, emails, events, savepoint
            assert expire(organization_id=organization.pk) == 2


def notices() -> list[str]:
    """Return the recipients of emails about an undeliverable invitation."""
    return list(Email.objects.filter(kind="undeliverable").values_list("recipient", flat=True))


class TestFailing:
    @pytest.fixture
    def invitation(self, organization: Organization, owner: User) -> Invitation:
        return InvitationFactory.create(
            organization=organization, email="invitee@example.com", inviter=owner, generation=2
        )

    def test_it_ends_and_the_inviter_is_notified(self, organization: Organization, invitation: Invitation):
        with track_changes() as changes:
            assert fail(invitation_id=invitation.pk, generation=2, reason="550 5.1.1")
        assert changes.tables == {"invitations.Invitation": (0, 1, 0), "invitations.Email": (1, 0, 0)}
        assert changes.events == [
            event(kind, invitation, None, organization, reason="550 5.1.1")
            for kind in ("invitation.bounced", "invitation.failed")
        ]
        invitation.refresh_from_db()
        assert invitation.status == "error"
        assert invitation.finished_at is not None
        assert timezone.now() - invitation.finished_at < timedelta(minutes=1)
        assert list(Email.objects.values_list("kind", "recipient")) == [("undeliverable", "owner@example.com")]

    @pytest.mark.parametrize("generation", [1, 3])
    def test_the_bounce_of_another_email_says_nothing_about_this_one(self, invitation: Invitation, generation: int):
        with track_changes() as changes:
            assert not fail(invitation_id=invitation.pk, generation=generation, reason="550")
        assert changes.nothing

    @pytest.mark.parametrize("status", ["accepted", "declined", "cancelled", "expired", "error", "processing"])
    def test_a_late_bounce_undoes_no_answer(self, invitation: Invitation, status: str):
        finished_at = None if status == "processing" else timezone.now()
        Invitation.objects.update(status=status, finished_at=finished_at)
        with track_changes() as changes:
            assert not fail(invitation_id=invitation.pk, generation=2, reason="550")
        assert changes.nothing

    def test_an_overdue_one_has_expired_and_not_failed(self, invitation: Invitation):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert not fail(invitation_id=invitation.pk, generation=2, reason="550")

    def test_one_of_an_archived_organization_fails_all_the_same(self, invitation: Invitation):
        Organization.objects.update(deleted_at=timezone.now())
        assert fail(invitation_id=invitation.pk, generation=2, reason="refused")

    def test_a_deleted_invitation_does_not_fail(self, invitation: Invitation):
        key = invitation.pk
        invitation.delete()
        assert not fail(invitation_id=key, generation=2, reason="refused")

    @pytest.mark.parametrize(
        "reason", ["550 5.1.1 <invitee@example.com> unknown", "No such mailbox", "", "550 5.1.1\n", "Refused", "5"]
    )
    def test_the_response_of_a_mail_server_is_not_in_an_event(self, invitation: Invitation, reason: str):
        with track_changes() as changes, pytest.raises(ValueError, match="code"):
            fail(invitation_id=invitation.pk, generation=2, reason=reason)
        assert changes.nothing
