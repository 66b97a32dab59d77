"""Test invitations of one person to several units: one invitation to each, in one email, answered together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import LINK_HOLDER, staff
from core.addresses import Address, normalize_address
from core.errors import Invalid
from core.ids import uuid7
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.answering_together import accept_all, decline_all
from invitations.actions.ending import fail
from invitations.actions.inviting import cancel, correct_address, invite, resend
from invitations.actions.inviting_many import invite_many
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from invitations.actions.reminders import ending_soon, remind
from invitations.actions.scheduling import take_slot
from invitations.actions.waiting import give_free_seats
from invitations.bulk.rows import InviteRow
from invitations.email.limits import TooManyOpenInvitations
from invitations.email.models import Email
from invitations.email.queue import with_delivery
from invitations.explaining import Reason, explain
from invitations.models import Invitation
from invitations.refusals import AlreadyInvited, InvitationCancelled, NewerEmailSent
from invitations.tokens import Purpose, read_token, token_for
from orgs.actions.account_rights import OwnAccount
from orgs.actions.members import AlreadyMember
from orgs.models import Membership, Organization, Unit
from orgs.permissions import EDITOR_ROLE, UNIT_ADMIN_ROLE, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE
from orgs.policies import PermissionMissing
from orgs.seats import NoSeatLeft
from tests.factories import UnitFactory
from tests.support.changes import track_changes
from tests.support.outbox import account_emails, deliver_next
from tests.support.pages import visible_text
from tests.support.people import session_of

ADDRESS = normalize_address("invitee@example.com")
Send = Callable[..., list[Invitation]]


@pytest.fixture
def units(organization: Organization) -> list[Unit]:
    return [
        UnitFactory.create(organization=organization, name="Design"),
        UnitFactory.create(organization=organization, name="Backend"),
        UnitFactory.create(organization=organization, name="Shop", kind="application"),
    ]


@pytest.fixture
def send(organization: Organization, owner: User, units: list[Unit]) -> Send:
    offers = [
        UnitOffer(unit.pk, role)
        for unit, role in zip(units, (UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE, UNIT_VIEWER_ROLE), strict=True)
    ]
    common: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk, "email": ADDRESS}
    return lambda **changes: invite_to_units(**common | {"units": offers} | changes)


def states(rows: list[Invitation]) -> list[str]:
    return [Invitation.objects.get(pk=row.pk).status for row in rows]


def kinds_of(rows: list[Invitation]) -> list[list[str]]:
    return [list(Event.objects.about(row).order_by("id").values_list("kind", flat=True)) for row in rows]


def proof_of(invitation: Invitation) -> Any:
    return read_token(token_for(Invitation.objects.get(pk=invitation.pk), Purpose.EMAILED))


def withdraw(owner: User, invitation: Invitation) -> None:
    cancel(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=invitation.pk)


def send_again(owner: User, invitation: Invitation) -> Invitation:
    return resend(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=invitation.pk)


@pytest.fixture
def used_up(organization: Organization, owner: User, settings: Settings) -> None:
    """The daily limit of the organization is reached."""
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
    invite(by=session_of(owner), organization_id=organization.pk, email=normalize_address("first@example.com"))
    deliver_next()


class TestInviting:
    def test_each_unit_has_an_invitation_and_an_event_and_all_share_one_email(self, send: Send, units: list[Unit]):
        with track_changes() as changes:
            rows = send(role_id=EDITOR_ROLE, message="Welcome!")
        assert changes.tables == {"invitations.Invitation": (3, 0, 0), "invitations.Email": (1, 0, 0)}
        assert kinds_of(rows) == [["invitation.created"]] * 3
        assert [row.unit for row in rows] == units
        assert {(row.shares_email_of_id, row.role_id, row.message) for row in rows} == {
            (rows[0].pk, EDITOR_ROLE, "Welcome!")
        }
        assert Email.objects.get().invitation == rows[0]

    def test_the_email_lists_all_units(self, send: Send):
        send()
        deliver_next()
        [message] = account_emails()
        text = str(message.body)
        assert "Workspace: Design, as Editor" in text
        assert "Workspace: Backend, as Viewer" in text
        assert "Application: Shop, as Viewer" in text
        assert isinstance(message, EmailMultiAlternatives)
        html = str(message.alternatives[0][0])
        assert all(name in html for name in ("Design", "Backend", "Shop"))

    @pytest.mark.parametrize("pick", [[], [0, 0], [0] * 21])
    def test_units_are_few_and_different(self, send: Send, units: list[Unit], pick: list[int]):
        with track_changes() as changes, pytest.raises(Invalid):
            send(units=[UnitOffer(units[place].pk, UNIT_VIEWER_ROLE) for place in pick])
        assert changes.nothing

    def test_nothing_is_sent_if_one_of_them_is_open_already(self, send: Send, owner: User, units: list[Unit]):
        invite(
            by=session_of(owner),
            organization_id=units[2].organization_id,
            email=ADDRESS,
            unit_id=units[2].pk,
            unit_role_id=UNIT_VIEWER_ROLE,
        )
        with track_changes() as changes, pytest.raises(AlreadyInvited):
            send()
        assert changes.nothing
        assert states(send(force=True)) == ["pending"] * 3
        former = Invitation.objects.get(status="cancelled", superseded_by__unit=units[2])
        assert kinds_of([former]) == [["invitation.created", "invitation.superseded"]]

    @pytest.mark.parametrize(
        ("slots", "emails_a_day", "expected"),
        [
            (4, 50, ("invited", "")),
            (3, 50, ("scheduled", "open_invitations")),
            (1, 50, ("over_limit", "open_invitations")),
            (1, 1, ("scheduled", "")),
        ],
    )
    def test_each_needs_a_slot_of_the_limit_as_in_a_list(
        self,
        send: Send,
        organization: Organization,
        owner: User,
        units: list[Unit],
        settings: Settings,
        slots: int,
        emails_a_day: int,
        expected: tuple[str, str],
    ):
        where: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk}
        Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=slots)
        invite(**where, email=normalize_address("other@example.com"))
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = emails_a_day
        rows = [InviteRow(email=ADDRESS, unit=str(unit.pk), unit_role=str(UNIT_VIEWER_ROLE)) for unit in units]
        listed = {(result.verdict, result.reason) for result in invite_many(**where, rows=rows, dry_run=True)}
        assert listed == {expected}

        if expected[0] == "over_limit":
            with track_changes() as changes, pytest.raises(TooManyOpenInvitations):
                send()
            assert changes.nothing
            return
        sent = send()
        email = Email.objects.get(invitation=sent[0])
        waits = email.state == "scheduled" and email in Email.objects.due()
        assert {(row.is_open, row.is_emailed) for row in sent} == {(True, expected[0] == "invited")}
        assert waits == bool(expected[1])

    def test_who_manages_nobody_is_refused_and_learns_nothing_about_units(self, send: Send, member: User):
        for units in ({}, {"units": [UnitOffer(uuid7(), UNIT_VIEWER_ROLE)]}):
            with track_changes() as changes, pytest.raises(PermissionMissing):
                send(by=session_of(member), **units)
            assert changes.nothing

    def test_who_manages_one_of_the_units_is_refused(self, send: Send, member: User, units: list[Unit]):
        Membership.objects.get(user=member).assignments.create(role_id=UNIT_ADMIN_ROLE, unit=units[0])
        with track_changes() as changes, pytest.raises(PermissionMissing):
            send(by=session_of(member))
        assert changes.nothing
        assert len(send(by=session_of(member), units=[UnitOffer(units[0].pk, UNIT_VIEWER_ROLE)])) == 1

    def test_the_rules_of_one_invitation_apply(
        self, send: Send, member: User, staff_member: User, organization: Organization
    ):
        with pytest.raises(AlreadyMember):
            send(email=normalize_address("member@example.com"))
        with pytest.raises(OwnAccount):
            send(by=staff(staff_member, "invitations.add_invitation"), email=Address(staff_member.email))
        Organization.objects.filter(pk=organization.pk).update(seat_limit=organization.memberships.count())
        with pytest.raises(NoSeatLeft):
            send()
        assert not Invitation.objects.exists()


class TestAnswering:
    def test_one_acceptance_takes_all(self, send: Send, invitee: User, organization: Organization):
        rows = send()
        results = accept_all(by=session_of(invitee), invitation_id=rows[0].pk, proof=proof_of(rows[0]))
        assert [result.invitation.pk for result in results] == [row.pk for row in rows]
        assert states(rows) == ["accepted"] * 3
        assert kinds_of(rows) == [["invitation.created", "invitation.accepted"]] * 3
        member = Membership.objects.get(user=invitee, organization=organization)
        assert set(member.assignments.values_list("unit__name", flat=True)) == {None, "Design", "Backend", "Shop"}
        assert Email.objects.filter(kind="answered").count() == 1

    def test_what_was_withdrawn_or_accepted_alone_is_left_out(self, send: Send, invitee: User, owner: User):
        rows = send()
        withdraw(owner, rows[0])
        accept(by=session_of(invitee), invitation_id=rows[1].pk)
        accept_all(by=session_of(invitee), invitation_id=rows[0].pk, proof=proof_of(rows[0]))
        assert states(rows) == ["cancelled", "accepted", "accepted"]

    def test_if_none_is_open_the_error_is_the_one_of_the_first(self, send: Send, invitee: User, owner: User):
        rows = send()
        for row in rows:
            withdraw(owner, row)
        with track_changes() as changes, pytest.raises(InvitationCancelled):
            accept_all(by=session_of(invitee), invitation_id=rows[0].pk)
        assert changes.nothing

    def test_one_refusal_declines_all_with_the_emailed_link(self, send: Send):
        rows = send()
        decline_all(by=LINK_HOLDER, invitation_id=rows[1].pk, proof=proof_of(rows[1]), reason="No time")
        assert states(rows) == ["declined"] * 3
        assert set(Invitation.objects.values_list("decline_reason", flat=True)) == {"No time"}
        assert Email.objects.filter(kind="answered").count() == 1

    def test_all_of_them_wait_for_a_seat_and_get_it(self, send: Send, invitee: User, organization: Organization):
        rows = send()
        Organization.objects.filter(pk=organization.pk).update(seat_limit=3)
        accept_all(by=session_of(invitee), invitation_id=rows[0].pk)
        assert states(rows) == ["processing"] * 3
        Organization.objects.filter(pk=organization.pk).update(seat_limit=4)
        give_free_seats(organization_id=organization.pk)
        assert states(rows) == ["accepted"] * 3


class TestTheEmail:
    def test_one_resend_sends_one_email_for_those_that_are_still_open(self, send: Send, owner: User, invitee: User):
        rows = send()
        older = proof_of(rows[0])
        withdraw(owner, rows[0])
        with track_changes() as changes:
            send_again(owner, rows[2])
        assert changes.tables == {"invitations.Invitation": (0, 2, 0), "invitations.Email": (1, 0, 0)}
        assert [event.kind for event in changes.events] == ["invitation.resent"] * 2
        assert list(Invitation.objects.order_by("id").values_list("generation", "shares_email_of")) == [
            (1, rows[0].pk),
            (2, rows[2].pk),
            (2, rows[2].pk),
        ]
        with pytest.raises(InvitationCancelled):
            accept_all(by=session_of(invitee), invitation_id=rows[0].pk, proof=older)
        accept_all(by=session_of(invitee), invitation_id=rows[2].pk, proof=proof_of(rows[2]))
        assert states(rows) == ["cancelled", "accepted", "accepted"]

    def test_older_links_stop_working(self, send: Send, owner: User, invitee: User):
        rows = send()
        older = proof_of(rows[0])
        send_again(owner, rows[1])
        with pytest.raises(NewerEmailSent):
            accept_all(by=session_of(invitee), invitation_id=rows[0].pk, proof=older)
        assert states(rows) == ["pending"] * 3

    def test_it_is_sent_although_the_first_was_withdrawn(self, send: Send, owner: User, client: Any):
        rows = send()
        withdraw(owner, rows[0])
        deliver_next()
        [message] = account_emails()
        assert "Design" not in str(message.body)
        assert f"/i/{token_for(rows[1], Purpose.EMAILED)}" in str(message.body)

    def test_a_bounce_ends_all(self, send: Send):
        rows = send()
        assert fail(invitation_id=rows[0].pk, generation=1, reason="550")
        assert states(rows) == ["error"] * 3
        assert kinds_of(rows) == [["invitation.created", "invitation.bounced", "invitation.failed"]] * 3
        assert Email.objects.filter(kind="undeliverable").count() == 1

    def test_each_shows_its_delivery(self, send: Send):
        rows = send()
        deliver_next()
        found = with_delivery(Invitation.objects.order_by("id"))
        assert [row.delivery and row.delivery.state for row in found] == ["sent"] * 3
        assert Invitation.objects.get(pk=rows[2].pk).delivery is not None
        explained = explain(Invitation.objects.with_details().get(pk=rows[2].pk))
        assert explained.reason == Reason.OPEN_WAITING_FOR_ANSWER

    def test_there_is_one_reminder(self, send: Send):
        rows = send(lifetime_days=1)
        deliver_next()
        Email.objects.update(sent_at=timezone.now() - timedelta(days=2))
        assert set(ending_soon()) == set(rows)
        assert remind(invitation_id=rows[1].pk)
        assert not ending_soon().exists()

    def test_a_corrected_address_concerns_one_of_them(self, send: Send, owner: User, organization: Organization):
        rows = send()
        correct_address(
            by=session_of(owner),
            organization_id=organization.pk,
            invitation_id=rows[0].pk,
            email=normalize_address("other@example.com"),
        )
        assert states(rows) == ["cancelled", "pending", "pending"]

    def test_over_the_daily_limit_one_email_is_scheduled_for_all(
        self, send: Send, owner: User, used_up: None, invitee: User
    ):
        rows = send()
        email = Email.objects.to_invitee().filter(recipient=ADDRESS)
        assert {row.is_emailed for row in rows} == {False}
        accept(by=session_of(invitee), invitation_id=rows[0].pk)
        assert email.get().state == "scheduled"
        for row in rows[1:]:
            withdraw(owner, row)
        assert email.get().state == "dropped"

    def test_when_a_scheduled_email_is_sent_all_of_them_start_their_lives(self, send: Send, used_up: None):
        send()
        Email.objects.filter(state="scheduled").update(due_at=Now())  # SQLite's clock has milliseconds
        assert deliver_next()
        assert set(Invitation.objects.values_list("is_emailed", "lifetime_days")) == {(True, None)}
        assert Event.objects.filter(kind="invitation.emailed").count() == 3

    def test_a_scheduled_email_waits_until_there_is_a_slot_for_each(
        self, send: Send, used_up: None, settings: Settings
    ):
        rows = send()
        Email.objects.filter(state="scheduled").update(due_at=timezone.now())
        email = Email.objects.get(invitation=rows[0])
        for limit, is_free in ((3, False), (4, True)):  # the invitation of ``used_up`` is open too
            settings.OPEN_INVITATIONS_PER_ORGANIZATION = limit
            assert take_slot(email_id=email.pk, invitation_id=rows[0].pk) is is_free


class TestThePage:
    def test_it_lists_all_and_accepts_all(self, send: Send, client: Any, invitee: User):
        rows = send()
        client.force_login(invitee)
        page = client.get(f"/i/{token_for(rows[0], Purpose.EMAILED)}", follow=True)
        text = " ".join(visible_text(page))
        assert all(words in text for words in ("Design, as Editor", "Backend, as Viewer", "Shop, as Viewer"))
        accepted = client.post(f"/invitations/{rows[0].pk}/accept", follow=True)
        assert states(rows) == ["accepted"] * 3
        assert visible_text(accepted)[0] == (
            "You're now a member of Riverside, as Member."
            " You now have access to Design, as Editor; Backend, as Viewer; Shop, as Viewer."
        )

    def test_an_accepted_one_lists_all_that_were_accepted_with_it(self, send: Send, client: Any, invitee: User):
        rows = send()
        withdrawn = rows.pop()
        Invitation.objects.filter(pk=withdrawn.pk).update(status="cancelled", finished_at=Now())
        accept_all(by=session_of(invitee), invitation_id=rows[1].pk)
        client.force_login(invitee)

        lines = visible_text(client.get(f"/invitations/{rows[1].pk}"))

        assert [line for line in lines if line.startswith("You now have access")] == [
            "You now have access to Backend, as Viewer.",
            "You now have access to Design, as Editor.",
        ]

    def test_the_link_leads_to_what_is_still_open(self, send: Send, client: Any, owner: User):
        rows = send()
        link = f"/i/{token_for(rows[0], Purpose.EMAILED)}"
        withdraw(owner, rows[0])
        page = client.get(link, follow=True)
        assert page.redirect_chain == [(f"/invitations/{rows[1].pk}", 302)]
        text = " ".join(visible_text(page))
        assert "Design" not in text
        assert "Backend" in text
        client.post(f"/invitations/{rows[1].pk}/decline")
        assert states(rows) == ["cancelled", "declined", "declined"]
