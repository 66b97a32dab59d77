"""Test the explanation of why an invitee has not joined: each reason, and the timeline."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import SERVICE, staff
from core.addresses import normalize_address
from invitations.actions import answering, ending, inviting
from invitations.actions.inviting_many import invite_many
from invitations.actions.reminders import remind
from invitations.bulk.rows import InviteRow
from invitations.email.delivery_reports import take_report
from invitations.email.models import Attempt, Email
from invitations.explaining import TO_STAFF_ONLY, TOLD_BY_EMAILS, Entry, Reason, explain
from invitations.models import Invitation
from orgs.actions.accounts import deactivate_account, delete_account
from orgs.actions.organizations import archive_organization, set_seat_limit
from orgs.actions.saving import record
from orgs.models import Organization
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNASSIGNED_ROLE
from outbox.delivery_reports import Report
from tests.factories import AttemptFactory, EmailAddressFactory, ExternalIdentityFactory, MembershipFactory, UserFactory
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
ADDRESS = "invitee@example.com"


@pytest.fixture
def invite(organization: Organization, owner: User) -> Callable[..., Invitation]:
    def invite(email: str = ADDRESS, **terms: Any) -> Invitation:
        terms = {"role_id": EDITOR_ROLE} | terms
        return inviting.invite(
            by=session_of(owner), organization_id=organization.pk, email=normalize_address(email), **terms
        )

    return invite


@pytest.fixture
def invitation(invite: Callable[..., Invitation]) -> Invitation:
    """An open invitation whose email was sent."""
    invitation = invite()
    send_message(invitation.emails.get())
    return invitation


def send_message(email: Email, state: str = "sent", words: str = "") -> None:
    """Record this delivery result for the email."""
    times: dict[str, dict[str, Any]] = {"sent": {"sent_at": timezone.now(), "due_at": None}, "failed": {"due_at": None}}
    Email.objects.filter(pk=email.pk).update(state=state, response=words, attempts=1, **times.get(state, {}))
    AttemptFactory.create(email=email, state=state, response=words)


def report(invitation: Invitation, state: Email.State, **facts: Any) -> None:
    email = invitation.emails.order_by("id").last()
    assert email
    assert take_report(email_id=email.pk, report=Report(state, "reported", "its words", **facts))


def reason(invitation: Invitation, **shown: bool) -> str:
    loaded = Invitation.objects.with_details().get(pk=invitation.pk)
    return explain(loaded, **shown).reason.value


def story(invitation: Invitation, **shown: bool) -> list[tuple[str, str]]:
    loaded = Invitation.objects.with_details().get(pk=invitation.pk)
    return [(entry.what, entry.words) for entry in explain(loaded, **shown).timeline]


# Accounts that are closed


@pytest.mark.parametrize("how", [deactivate_account, delete_account])
@pytest.mark.parametrize("shown", [{}, {"to_staff": True, "with_account": True}])
def test_an_account_that_staff_closed_is_named_to_everybody(invitation: Invitation, how: Any, shown: dict[str, bool]):
    how(
        by=staff(UserFactory.create(superuser=True), "accounts.delete_user"),
        user=UserFactory.create(email=invitation.email),
    )

    assert reason(invitation, **shown) == "account_closed"


def test_an_account_that_its_owner_deleted_is_named_to_staff_only(invitation: Invitation):
    invitee = UserFactory.create(email=invitation.email)
    delete_account(by=session_of(invitee), user=invitee)

    assert reason(invitation) == reason(invitation, to_staff=True) == "open_waiting_for_answer"
    assert reason(invitation, to_staff=True, with_account=True) == "account_deleted"


def test_an_address_of_a_token_that_does_not_count_is_named_to_staff_only(invitation: Invitation):
    ExternalIdentityFactory.create(
        user__email=None, user__email_address=None, ignored_address=invitation.email, ignored_reason="not_stated"
    )

    assert reason(invitation) == reason(invitation, to_staff=True) == "open_waiting_for_answer"
    assert reason(invitation, to_staff=True, with_account=True) == "address_ignored"


# Open invitations


def test_an_email_over_the_daily_limit_is_scheduled(invite: Callable[..., Invitation], settings: Settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
    invite("first@example.com")
    second = invite()

    assert reason(second) == "email_scheduled"
    assert story(second) == [("invitation.created", ""), ("email.scheduled", "")]


def test_an_email_that_waits_for_room_among_the_open_invitations_says_so(
    organization: Organization, owner: User, settings: Settings
):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 1
    rows = [InviteRow("first@example.com", role="editor"), InviteRow("second@example.com", role="editor")]
    invite_many(by=session_of(owner), organization_id=organization.pk, rows=rows)
    first, second = Invitation.objects.order_by("email")
    assert reason(second) == "email_waits_for_room"
    inviting.cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=first.pk)
    assert reason(second) == "email_queued"


def test_an_email_that_went_out_waits_for_an_answer(invitation: Invitation):
    assert reason(invitation) == "open_waiting_for_answer"


def test_a_delivered_email_waits_for_an_answer(invitation: Invitation):
    report(invitation, Email.State.DELIVERED)

    assert reason(invitation) == "open_waiting_for_answer"


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_an_email_that_no_worker_has_sent_is_queued(invite: Callable[..., Invitation], state: str):
    invitation = invite()
    lease = {"lease_id": invitation.pk} if state == "sending" else {}
    Email.objects.update(state=state, **lease)

    assert reason(invitation) == "email_queued"


def test_a_resent_email_is_queued_again(invitation: Invitation, owner: User):
    inviting.resend(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=invitation.pk)

    assert reason(invitation) == "email_queued"


def test_a_greylisted_email_is_deferred(invite: Callable[..., Invitation]):
    invitation = invite()
    send_message(invitation.emails.get(), "deferred", "451 4.7.1 Greylisted")

    assert reason(invitation) == "email_deferred"


def test_a_full_mailbox_defers_the_mail(invitation: Invitation):
    report(invitation, Email.State.DEFERRED)

    assert reason(invitation) == "email_deferred"


def test_an_email_that_cannot_be_rendered_is_not_sent(invite: Callable[..., Invitation]):
    invitation = invite()
    invitation.emails.update(state="failed", due_at=None, reason="Not sent: BadHeaderError")

    assert reason(invitation) == "email_not_sent"


def test_an_email_marked_as_spam(invitation: Invitation):
    report(invitation, Email.State.COMPLAINED)

    assert reason(invitation) == "email_marked_as_spam"


def test_an_inviter_who_lost_the_right_can_no_longer_grant(
    invitation: Invitation, organization: Organization, stranger: User
):
    MembershipFactory.create(organization=organization, user=stranger)
    Invitation.objects.update(inviter=stranger)

    assert reason(invitation) == "inviter_can_no_longer_grant"


def test_an_inviter_who_left_is_named(invitation: Invitation, stranger: User):
    Invitation.objects.update(inviter=stranger, inviter_name="Stranger Cast")

    assert reason(invitation) == "inviter_left"
    found = Invitation.objects.with_details().get()
    assert explain(found).sentence == (
        "Stranger Cast is no longer a member. Someone who may invite must send the invitation again."
    )


def test_a_member_has_no_need_to_join(invitation: Invitation, organization: Organization, invitee: User):
    membership = MembershipFactory.create(organization=organization, user=invitee, role_id=ADMIN_ROLE)
    assert reason(invitation) == "already_member"

    membership.assignments.update(role_id=UNASSIGNED_ROLE)
    assert reason(invitation) == "open_waiting_for_answer"


@pytest.mark.parametrize(
    ("status", "given", "expected"),
    [
        ("accepted", None, "accepted"),
        ("accepted", ["role"], "accepted"),
        ("accepted", ["permissions"], "accepted_in_part"),
        ("accepted", [], "accepted_without_effect"),
        ("cancelled", [], "not_needed"),
        ("cancelled", None, "cancelled"),
    ],
)
def test_what_was_really_given_is_said(invitation: Invitation, status: str, given: list[str] | None, expected: str):
    Invitation.objects.filter(pk=invitation.pk).update(status=status, given=given, finished_at=timezone.now())

    assert reason(invitation) == expected


def test_a_member_by_another_address_is_not_revealed(invitation: Invitation, organization: Organization, member: User):
    EmailAddressFactory.create(user=member, email=ADDRESS, verified=False)

    assert reason(invitation) == "open_waiting_for_answer"


def test_members_who_take_every_seat_keep_the_next_one_waiting(invitation: Invitation, organization: Organization):
    set_seat_limit(by=SERVICE, organization_id=organization.pk, seat_limit=organization.memberships.count())

    assert reason(invitation) == "all_seats_taken"


def test_only_staff_see_an_unsubscribed_address(invitation: Invitation):
    before = story(invitation)
    Email.objects.update(
        state="dropped",
        reason="The recipient asked for no mails.",
        sent_at=None,
        attempts=0,
        withheld_at=timezone.now(),
        updated_at=timezone.now(),
    )
    Attempt.objects.all().delete()

    assert (reason(invitation), story(invitation)) == ("open_waiting_for_answer", before)
    assert reason(invitation, to_staff=True) == "email_unwanted"


# Ended invitations, and invitations that wait for a seat


def test_a_refused_email_ended_the_invitation(invite: Callable[..., Invitation]):
    invitation = invite()
    send_message(invitation.emails.get(), "failed", "550 5.1.1 No such mailbox")
    ending.fail(invitation_id=invitation.pk, generation=1, reason="550 5.1.1")

    assert reason(invitation) == "email_refused"
    assert explain(Invitation.objects.with_details().get(pk=invitation.pk)).words == "550 5.1.1 No such mailbox"


def test_a_bounced_email_ended_the_invitation(invitation: Invitation):
    report(invitation, Email.State.BOUNCED, is_final=True)

    assert reason(invitation) == "email_bounced"


def test_an_acceptance_waits_for_a_seat(invitation: Invitation, organization: Organization, invitee: User):
    set_seat_limit(by=SERVICE, organization_id=organization.pk, seat_limit=organization.memberships.count())
    answering.accept(by=session_of(invitee), invitation_id=invitation.pk)

    assert reason(invitation) == "waiting_for_seat"

    User.objects.filter(pk=invitee.pk).update(is_active=False)
    assert reason(invitation) == "account_deactivated"


def test_without_an_inviter_who_can_grant_it_a_seat_does_not_help(
    invitation: Invitation, organization: Organization, invitee: User, owner: User, stranger: User
):
    set_seat_limit(by=SERVICE, organization_id=organization.pk, seat_limit=organization.memberships.count())
    answering.accept(by=session_of(invitee), invitation_id=invitation.pk)
    Invitation.objects.update(inviter=stranger)

    assert reason(invitation) == "nobody_vouches"


def test_an_archived_organization_lets_nobody_in(invitation: Invitation, owner: User):
    archive_organization(by=session_of(owner), organization_id=invitation.organization_id)

    assert reason(invitation) == "organization_archived"


def test_an_accepted_invitation_is_accepted(invitation: Invitation, invitee: User):
    answering.accept(by=session_of(invitee), invitation_id=invitation.pk)

    assert reason(invitation) == "accepted"


def test_a_late_bounce_of_an_accepted_one_is_no_reason(invitation: Invitation, invitee: User):
    answering.accept(by=session_of(invitee), invitation_id=invitation.pk)
    take_report(email_id=invitation.emails.earliest("id").pk, report=Report(Email.State.BOUNCED, "550", is_final=True))

    assert reason(invitation) == "accepted"


def test_a_declined_invitation_is_declined(invitation: Invitation, invitee: User):
    answering.decline(by=session_of(invitee), invitation_id=invitation.pk)

    assert reason(invitation) == "declined"


def test_a_withdrawn_invitation_is_cancelled(invitation: Invitation, owner: User):
    inviting.cancel(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=invitation.pk)

    assert reason(invitation) == "cancelled"


def test_a_newer_invitation_superseded_it(invitation: Invitation, invite: Callable[..., Invitation]):
    invite(force=True)

    assert reason(invitation) == "superseded"


@pytest.mark.parametrize("marked", [True, False])
def test_an_invitation_past_its_date_is_expired_whether_or_not_a_worker_has_marked_it(
    invitation: Invitation, *, marked: bool
):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    if marked:
        ending.expire(organization_id=invitation.organization_id)

    assert reason(invitation) == "expired"
    assert story(invitation).count(("invitation.expired", "")) == 1


def test_an_expired_one_whose_email_never_went_out_says_so_and_what_the_server_said(invite: Callable[..., Invitation]):
    invitation = invite()
    send_message(invitation.emails.get(), "deferred", "451 Try later")
    Invitation.objects.update(expires_at=Now())
    ending.expire(organization_id=invitation.organization_id)

    assert reason(invitation) == "expired_unsent"
    assert explain(Invitation.objects.with_details().get(pk=invitation.pk)).words == "451 Try later"


# Only staff see the mail server's response to a sent email. A withheld email has no response, so organizations could
# otherwise recognize withheld emails.


def test_only_staff_read_what_the_server_said_when_it_took_an_email(invite: Callable[..., Invitation]):
    invitation = invite()
    send_message(invitation.emails.get(), "deferred", "451 4.7.1 Greylisted")
    send_message(invitation.emails.get(), "sent", "250 2.0.0 queued as XYZ")
    beginning = [("invitation.created", ""), ("email.queued", ""), ("email.deferred", "451 4.7.1 Greylisted")]

    assert story(invitation) == [*beginning, ("email.sent", "")]
    assert story(invitation, to_staff=True) == [*beginning, ("email.sent", "250 2.0.0 queued as XYZ")]


# Only staff learn whether the address has an account


def test_managers_cannot_tell_who_has_an_account(invitation: Invitation):
    explanations = [explain(Invitation.objects.with_details().get(pk=invitation.pk))]
    unverified = UserFactory.create(email="somebody@example.com")
    EmailAddressFactory.create(user=unverified, email=ADDRESS, verified=False)
    explanations.append(explain(Invitation.objects.with_details().get(pk=invitation.pk)))
    unverified.emailaddress_set.update(verified=True)  # type: ignore[attr-defined]
    explanations.append(explain(Invitation.objects.with_details().get(pk=invitation.pk)))

    assert explanations[0] == explanations[1] == explanations[2]
    assert explanations[0].reason == "open_waiting_for_answer"


def test_staff_read_whether_there_is_an_account_and_whether_its_address_is_confirmed(invitation: Invitation):
    assert reason(invitation, to_staff=True) == "open_waiting_for_answer"
    assert reason(invitation, with_account=True) == "no_account"

    somebody = UserFactory.create(email="somebody@example.com")
    EmailAddressFactory.create(user=somebody, email=ADDRESS, verified=False)
    assert reason(invitation, with_account=True) == "address_unverified"

    somebody.emailaddress_set.update(verified=True)  # type: ignore[attr-defined]
    assert reason(invitation, with_account=True) == "open_waiting_for_answer"


def test_every_reason_has_a_sentence_and_a_test():
    text = Path(__file__).read_text()

    assert [reason for reason in Reason.values if f'"{reason}"' not in text] == []
    assert all(reason.label.endswith(".") for reason in Reason)
    assert {reason.value for reason in TO_STAFF_ONLY} == {
        "email_unwanted",
        "no_account",
        "address_unverified",
        "address_ignored",
        "account_deleted",
    }


# Timeline


def test_the_timeline_is_in_order_with_the_servers_responses(
    invite: Callable[..., Invitation], owner: User, invitee: User
):
    invitation = invite()
    send_message(invitation.emails.get(), "deferred", "451 4.7.1 Greylisted")
    send_message(invitation.emails.get())
    inviting.resend(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=invitation.pk)
    send_message(invitation.emails.get(generation=2))
    report(invitation, Email.State.DELIVERED)
    answering.decline(by=session_of(invitee), invitation_id=invitation.pk)

    assert story(invitation) == [
        ("invitation.created", ""),
        ("email.queued", ""),
        ("email.deferred", "451 4.7.1 Greylisted"),
        ("email.sent", ""),
        ("invitation.resent", ""),
        ("email.queued", ""),
        ("email.sent", ""),
        ("email.delivered", "its words"),
        ("invitation.declined", ""),
        ("email.queued", ""),
    ]


def test_the_timeline_has_the_reason_why_no_server_was_contacted(invitation: Invitation):
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    Email.objects.update(sent_at=timezone.now() - timedelta(days=2))
    assert remind(invitation_id=invitation.pk)
    reminder = invitation.emails.filter(kind="reminder")
    reminder.update(state="dropped", due_at=None, reason="The invitation is declined.", updated_at=timezone.now())

    assert story(invitation)[-1] == ("email.dropped", "The invitation is declined.")


def test_the_number_of_queries_does_not_grow(invitation: Invitation, owner: User, django_assert_num_queries: Any):
    loaded = Invitation.objects.with_details().get(pk=invitation.pk)
    with django_assert_num_queries(6):
        explain(loaded)
    for _ in range(3):
        inviting.resend(by=session_of(owner), organization_id=invitation.organization_id, invitation_id=invitation.pk)
        send_message(invitation.emails.latest("id"))
    loaded = Invitation.objects.with_details().get(pk=invitation.pk)

    with django_assert_num_queries(6):
        explain(loaded)


def test_every_event_about_an_invitation_has_a_label():
    labels = {Entry(timezone.now(), kind).label for kind in EVENT_KINDS}

    assert not labels & EVENT_KINDS


EVENT_KINDS = {
    f"invitation.{what}"
    for what in (
        *("created", "updated", "resent", "reminded", "address_corrected", "asked_again", "waits_for_seat"),
        *("accepted", "declined", "cancelled", "superseded", "expired", "failed"),
        *("emailed", "postponed", "rescheduled", "link_copied"),
    )
}


def test_those_are_all_the_kinds_that_there_are():
    code = "".join(path.read_text() for path in (ROOT / "invitations").rglob("*.py"))

    assert set(re.findall(r'record\(\s*"(invitation\.\w+)"', code)) == EVENT_KINDS | {*TOLD_BY_EMAILS}


def test_what_emails_tell_is_told_once(organization: Organization, invitation: Invitation):
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)  # as actions do before they record
    for kind in ("invitation.reminded", *TOLD_BY_EMAILS):
        record(kind, SERVICE, invitation, organization)
    loaded = Invitation.objects.with_details().get(pk=invitation.pk)

    told = [entry.what for entry in explain(loaded).timeline]
    assert "invitation.reminded" in told
    assert not {*told} & {*TOLD_BY_EMAILS}
