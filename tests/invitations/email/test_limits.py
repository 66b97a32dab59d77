"""Test the sending limits: over a daily limit, emails are scheduled. Requests over another limit change nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.oauth.tokens import issue_token, oauth_principal
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from core.errors import Conflict, LimitReached
from invitations.actions.answering import ask_again
from invitations.actions.inviting import cancel, correct_address, invite, resend
from invitations.actions.maintenance import MAINTENANCE_TASKS
from invitations.email.address_hashes import HashPurpose, SendingCounter, keyed_hashes
from invitations.email.budgets import DAY
from invitations.email.limits import (
    RecipientSendingLimitReached,
    TooManyOpenInvitations,
    at_sending_limit,
    delete_old_counters,
    emails_counted_since,
)
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.accounts import register_system_user
from orgs.actions.api_keys import authenticate, create_api_key
from orgs.models import Membership, Organization
from orgs.oauth.applications import register_service_client
from orgs.permissions import ADMIN_ROLE
from tests.factories import InvitationFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.support.changes import track_changes
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

NOON = datetime(2099, 6, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)  # in the past by the real clock too, which the database uses


@pytest.fixture(autouse=True)
def _small_limits(settings: Settings) -> None:
    settings.ORGANIZATION_EMAILS_PER_DAY = 5
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 3
    settings.INVITER_EMAILS_PER_DAY = 4
    settings.RECIPIENT_EMAILS_PER_HOUR = 2
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 9


@pytest.fixture(autouse=True)
def clock(time_machine: Any) -> Callable[[timedelta], None]:
    """Stop the clock at noon. Return a function that moves the clock forward."""
    time_machine.move_to(NOON, tick=False)

    def move_forward(by: timedelta) -> None:
        time_machine.shift(by)

    return move_forward


@pytest.fixture
def send(organization: Organization, owner: User) -> Callable[..., Invitation]:
    def send(name: str, by: User = owner, to: Organization = organization, **terms: Any) -> Invitation:
        return invite(by=session_of(by), organization_id=to.pk, email=normalize_address(f"{name}@example.com"), **terms)

    return send


def hours_until_sent(invitation: Invitation) -> float:
    """Return after how many hours the email of the invitation is sent, and check that the row says the same."""
    email = Email.objects.get(invitation=invitation, generation=invitation.generation)
    assert invitation.is_open
    if email.state == "queued":
        assert (invitation.lifetime_days, invitation.is_emailed, email.counted_at) == (None, True, email.created_at)
        return 0
    assert (email.state, email.due_at) == ("scheduled", email.counted_at)
    assert email.due_at
    assert invitation.expires_at == email.due_at + timedelta(days=invitation.lifetime_days or 0)
    return (email.due_at - timezone.now()) / timedelta(hours=1)


def refusal(act: Callable[[], object], error: type[LimitReached] | type[Conflict]) -> Any:
    """Check that calling ``act`` is rejected and changes nothing. Return the error."""
    with track_changes() as changes, pytest.raises(error) as raised:
        act()
    assert changes.nothing
    return raised.value


def retry_after(act: Callable[[], object]) -> Any:
    """Return after how many seconds a request that is over the limit of a recipient can be repeated."""
    return refusal(act, RecipientSendingLimitReached).retry_after


def make_older(organization: Organization) -> None:
    Organization.objects.filter(pk=organization.pk).update(created_at=NOON - timedelta(days=31))


class TestResponsiblePerson:
    """A person at their limit cannot continue through system users, keys and clients of new organizations."""

    @pytest.fixture
    def elsewhere(self, owner: User) -> Organization:
        return OrganizationFactory.create(slug="elsewhere", owners=[owner])

    @pytest.fixture
    def robot(self, owner: User, elsewhere: Organization) -> Membership:
        return register_system_user(
            by=session_of(owner), organization_id=elsewhere.pk, name="Robot", role_id=ADMIN_ROLE
        )

    @pytest.mark.parametrize("way", ["key", "key of a second system user", "client"])
    def test_the_limit_of_the_person_applies(
        self, send: Callable[..., Invitation], elsewhere: Organization, owner: User, robot: Membership, way: str
    ):
        def key_of(by: Principal, membership: Membership) -> Principal:
            _, secret = create_api_key(by=by, organization_id=elsewhere.pk, name="Key", membership_id=membership.pk)
            principal = authenticate(secret)
            assert principal
            return principal

        by = key_of(session_of(owner), robot)
        if way == "key of a second system user":
            second = register_system_user(by=by, organization_id=elsewhere.pk, name="Second", role_id=ADMIN_ROLE)
            by = key_of(by, second)
        elif way == "client":
            application, _ = register_service_client(
                by=session_of(owner), organization_id=elsewhere.pk, membership_id=robot.pk, name="Client"
            )
            token = issue_token(application, None, "organizations", NOON + timedelta(days=90_000))
            found = oauth_principal(token)
            assert found
            by = found
        make_older(elsewhere)
        for name in "abc":
            send(name)
        invite(by=by, organization_id=elsewhere.pk, email=normalize_address("d@example.com"))
        fifth = invite(by=by, organization_id=elsewhere.pk, email=normalize_address("e@example.com"))
        assert hours_until_sent(fifth) == 24

    def test_the_creator_of_the_key_is_counted_and_not_who_registered_the_system_user(
        self, elsewhere: Organization, owner: User, admin: User, robot: Membership
    ):
        MembershipFactory.create(organization=elsewhere, user=admin, role_id=ADMIN_ROLE)
        key, _ = create_api_key(by=session_of(admin), organization_id=elsewhere.pk, name="Key", membership_id=robot.pk)
        assert (key.responsible_id, robot.user.responsible_id) == (admin.pk, owner.pk)

    def test_staff_are_responsible_for_nobody(self, staff_member: User):
        assert Principal(user=staff_member, method=Method.STAFF).responsible_id is None


class TestOrganizationLimit:
    def test_a_new_organization_has_a_low_limit(
        self, send: Callable[..., Invitation], clock: Callable[[timedelta], None]
    ):
        send("a")
        clock(timedelta(hours=1))
        send("b")
        assert hours_until_sent(send("c")) == 0
        assert hours_until_sent(send("d")) == 23
        assert [hours_until_sent(send(name)) for name in "efgh"] == [24, 24, 47, 48]

    def test_an_older_organization_has_a_higher_limit(
        self, send: Callable[..., Invitation], admin: User, organization: Organization
    ):
        make_older(organization)
        assert [hours_until_sent(send(name)) for name in "abc"] == [0, 0, 0]
        assert [hours_until_sent(send(name, by=admin)) for name in "def"] == [0, 0, 24]

    def test_the_limit_applies_to_any_24_hours(
        self, send: Callable[..., Invitation], clock: Callable[[timedelta], None]
    ):
        for name in "abc":
            send(name)
            clock(timedelta(hours=1))
        clock(timedelta(hours=21) - timedelta(seconds=1))
        assert hours_until_sent(send("d")) == 1 / 3600
        clock(timedelta(seconds=1))
        assert hours_until_sent(send("e")) == 1

    def test_resending_and_correcting_count_too(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        invitation = send("a")
        where: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk}
        resend(**where, invitation_id=invitation.pk)
        corrected = correct_address(**where, invitation_id=invitation.pk, email=normalize_address("b@example.com"))
        assert hours_until_sent(corrected) == 0
        assert hours_until_sent(resend(**where, invitation_id=corrected.pk)) == 24
        assert hours_until_sent(send("c")) == 24

    def test_an_expired_one_that_is_sent_again_counts(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        for name in "abc":
            send(name)
        expired = InvitationFactory.create(
            organization=organization, email="d@example.com", inviter=owner, expires_at=LONG_AGO
        )
        again = resend(by=session_of(owner), organization_id=organization.pk, invitation_id=expired.pk)
        assert hours_until_sent(again) == 24

    def test_withdrawing_what_was_sent_does_not_reduce_the_count(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        for name in "abc":
            cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=send(name).pk)
        assert hours_until_sent(send("d")) == 24

    def test_withdrawing_what_is_scheduled_makes_its_time_free(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        rows = [send(name) for name in "abcdefg"]
        cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=rows[3].pk)
        assert [hours_until_sent(send(name)) for name in "hi"] == [24, 48]
        assert states("d@example.com") == [("dropped", None)]

    def test_other_organizations_are_not_affected(
        self, send: Callable[..., Invitation], other_organization: Organization, stranger: User
    ):
        for name in "abc":
            send(name)
        assert hours_until_sent(send("d", by=stranger, to=other_organization)) == 0

    @pytest.mark.parametrize(("own", "allowed"), [(1, "a"), (4, "abcd")])
    def test_staff_can_set_another_limit_for_one_organization(
        self, send: Callable[..., Invitation], organization: Organization, own: int, allowed: str
    ):
        Organization.objects.filter(pk=organization.pk).update(daily_email_limit=own)
        for name in allowed:
            assert not at_sending_limit(Organization.objects.all()).exists()
            send(name)
        assert hours_until_sent(send("z")) == 24
        assert at_sending_limit(Organization.objects.all()).get() == organization

    def test_the_limit_does_not_block_staff_but_their_emails_count(
        self, send: Callable[..., Invitation], organization: Organization, by_staff: Principal
    ):
        for name in "abc":
            send(name)
        by_us = invite(by=by_staff, organization_id=organization.pk, email=normalize_address("d@example.com"))
        assert hours_until_sent(by_us) == 0
        assert emails_counted_since(organization.pk, timezone.now() - DAY).count() == 4
        assert [hours_until_sent(send(name)) for name in "ef"] == [24, 24]

    def test_scheduled_emails_have_not_been_counted_yet(self, send: Callable[..., Invitation]):
        rows = [send(name) for name in "abcd"]
        assert emails_counted_since(rows[0].organization_id, timezone.now() - DAY).count() == 3

    def test_emails_to_the_inviter_are_not_counted(self, send: Callable[..., Invitation], settings: Settings):
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
        invitation = send("a")
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=LONG_AGO)
        expired = Principal(user=UserFactory.create(email="a@example.com"), method=Method.SESSION)
        assert ask_again(by=expired, invitation_id=invitation.pk)
        notice = Email.objects.get(kind="ask_again")
        assert (notice.counted_at, notice.organization_id, notice.responsible_id) == (None, None, None)


def states(address: str) -> list[tuple[str, Any]]:
    """Return the state of each email to the address, and when it counts."""
    return list(Email.objects.filter(recipient=address).order_by("id").values_list("state", "counted_at"))


class TestInviterLimit:
    def test_the_limit_of_an_inviter_covers_all_organizations(
        self, send: Callable[..., Invitation], owner: User, clock: Callable[[timedelta], None]
    ):
        organizations = [
            OrganizationFactory.create(slug=f"organization-{number}", owners=[owner]) for number in range(5)
        ]
        for number in range(4):
            assert hours_until_sent(send(f"a-{number}", to=organizations[number])) == 0
            clock(timedelta(hours=1))
        assert hours_until_sent(send("a", to=organizations[4])) == 20

    def test_the_limit_of_an_inviter_does_not_affect_others(
        self, send: Callable[..., Invitation], admin: User, organization: Organization
    ):
        make_older(organization)
        assert [hours_until_sent(send(name)) for name in "abcd"] == [0, 0, 0, 0]
        assert hours_until_sent(send("e")) == 24
        assert hours_until_sent(send("f", by=admin)) == 0

    def test_a_long_schedule_of_one_organization_leaves_the_inviters_other_organizations_their_times(
        self, send: Callable[..., Invitation], owner: User, settings: Settings
    ):
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 2
        assert [hours_until_sent(send(f"a-{number}")) for number in range(7)] == [0, 0, 24, 24, 48, 48, 72]
        other = OrganizationFactory.create(slug="other-one", owners=[owner])
        assert [hours_until_sent(send(f"b-{number}", to=other)) for number in range(3)] == [0, 0, 24]

    def test_a_service_account_has_only_the_limit_of_its_organization(
        self, organization: Organization, settings: Settings
    ):
        settings.INVITER_EMAILS_PER_DAY = 1
        service_account = Principal(
            user=MembershipFactory.create(organization=organization, of_system_user=True, role_id=ADMIN_ROLE).user,
            method=Method.API_KEY,
        )
        for name in "abc":
            invite(by=service_account, organization_id=organization.pk, email=normalize_address(f"{name}@example.com"))
        assert set(Email.objects.values_list("state", "responsible_id")) == {("queued", None)}
        assert Email.objects.count() == 3


class TestRecipientLimit:
    def test_the_limit_of_a_recipient_covers_all_organizations(
        self,
        send: Callable[..., Invitation],
        other_organization: Organization,
        stranger: User,
        owner: User,
        clock: Callable[[timedelta], None],
    ):
        send("a")
        clock(timedelta(minutes=20))
        send("a", by=stranger, to=other_organization)
        third = OrganizationFactory.create(slug="third", owners=[owner])
        wait = retry_after(lambda: send("a", to=third))
        assert wait == 40 * 60
        clock(timedelta(seconds=wait))
        assert send("a", to=third).is_open

    def test_resending_counts(self, send: Callable[..., Invitation], organization: Organization, owner: User):
        invitation = send("a")
        again: dict[str, Any] = {
            "by": session_of(owner), "organization_id": organization.pk, "invitation_id": invitation.pk,
        }  # fmt: skip
        resend(**again)
        retry_after(lambda: resend(**again))
        invitation.refresh_from_db()
        assert invitation.generation == 2

    def test_the_limit_ignores_letter_case(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        send("a")
        where: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk}
        invite(**where, email=normalize_address("A@EXAMPLE.com"), force=True)
        retry_after(lambda: invite(**where, email=normalize_address("a@Example.com"), force=True))

    def test_requests_for_a_new_invitation_count_towards_the_inviters_limit(
        self, organization: Organization, owner: User, clock: Callable[[timedelta], None]
    ):
        asking = []
        for name in "abc":
            person = UserFactory.create(email=f"{name}@example.com")
            expired = InvitationFactory.create(
                organization=organization, invitee=person, inviter=owner, expires_at=LONG_AGO
            )
            asking.append((person, expired))
        for person, invitation in asking[:2]:
            ask_again(by=session_of(person), invitation_id=invitation.pk)
        person, invitation = asking[2]
        wait = retry_after(lambda: ask_again(by=session_of(person), invitation_id=invitation.pk))
        clock(timedelta(seconds=wait))
        assert ask_again(by=session_of(person), invitation_id=invitation.pk)

    def test_no_address_is_stored(self, send: Callable[..., Invitation], owner: User):
        send("a")
        rows = list(SendingCounter.objects.values("key", "moments"))
        assert sorted(row["key"] for row in rows) == sorted(
            [
                keyed_hashes(HashPurpose.RECIPIENT, "a@example.com")[0],
                keyed_hashes(HashPurpose.INVITER, str(owner.pk))[0],
            ]
        )
        assert sorted(row["moments"] for row in rows) == [[], [NOON.timestamp()]]

    def test_a_hash_depends_on_key_and_purpose(self, settings: Settings):
        one, other = keyed_hashes(HashPurpose.RECIPIENT, "x"), keyed_hashes(HashPurpose.INVITER, "x")
        assert one != other
        settings.ADDRESS_KEYS = ["another", *settings.ADDRESS_KEYS]
        assert keyed_hashes(HashPurpose.RECIPIENT, "x")[1:] == one
        assert keyed_hashes(HashPurpose.RECIPIENT, "x")[0] != one[0]

    def test_counters_survive_a_new_key(self, send: Callable[..., Invitation], settings: Settings, owner: User):
        send("a")
        settings.ADDRESS_KEYS = ["new", *settings.ADDRESS_KEYS]
        send("a", force=True)
        assert retry_after(lambda: send("a", force=True)) == 3600
        rows = {row.key: row.moments for row in SendingCounter.objects.all()}
        assert rows == {
            keyed_hashes(HashPurpose.RECIPIENT, "a@example.com")[0]: [NOON.timestamp()] * 2,
            keyed_hashes(HashPurpose.INVITER, str(owner.pk))[0]: [],
            keyed_hashes(HashPurpose.INVITER, str(owner.pk))[1]: [],
        }

    def test_old_counters_are_deleted(self, send: Callable[..., Invitation], clock: Callable[[timedelta], None]):
        assert delete_old_counters in MAINTENANCE_TASKS
        send("a")
        clock(timedelta(days=1))
        send("b")
        clock(timedelta(seconds=1))
        delete_old_counters()
        kept = set(SendingCounter.objects.values_list("key", flat=True))
        assert keyed_hashes(HashPurpose.RECIPIENT, "a@example.com")[0] not in kept
        assert keyed_hashes(HashPurpose.RECIPIENT, "b@example.com")[0] in kept


class TestOpenInvitations:
    @pytest.fixture(autouse=True)
    def _enough_emails(self, organization: Organization, settings: Settings) -> None:
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = settings.INVITER_EMAILS_PER_DAY = 100
        settings.OPEN_INVITATIONS_PER_ORGANIZATION = 2

    def test_the_number_of_open_invitations_is_limited(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        first = send("a", lifetime_days=3)
        send("b", lifetime_days=7)
        assert refusal(lambda: send("c"), TooManyOpenInvitations).details == {"limit": 2}
        cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=first.pk)
        assert send("c").is_open

    def test_an_expired_invitation_is_not_open(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        send("a")
        InvitationFactory.create(organization=organization, email="b@example.com", inviter=owner, expires_at=LONG_AGO)
        assert send("c").is_open

    def test_staff_can_raise_the_limit_for_one_organization(
        self, send: Callable[..., Invitation], organization: Organization
    ):
        Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=3)
        for name in "abc":
            send(name)
        refusal(lambda: send("d"), TooManyOpenInvitations)

    def test_a_replacement_needs_no_further_slot(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        send("a")
        second = send("b")
        assert send("a", force=True).is_open
        where: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk}
        assert correct_address(**where, invitation_id=second.pk, email=normalize_address("c@example.com")).is_open

    def test_after_the_limit_is_lowered_enough_invitations_must_end(
        self, send: Callable[..., Invitation], organization: Organization
    ):
        Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=3)
        for days in (2, 4, 6):
            send(f"a-{days}", lifetime_days=days)
        Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=1)
        refusal(lambda: send("d"), TooManyOpenInvitations)
