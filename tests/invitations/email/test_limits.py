"""Test the sending limits. Inviting, resending and requests share them, and a rejected request changes nothing."""

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
from core.errors import LimitReached
from invitations.actions.answering import ask_again
from invitations.actions.inviting import cancel, correct_address, invite, resend
from invitations.actions.maintenance import MAINTENANCE_TASKS
from invitations.email.address_hashes import HashPurpose, SendingCounter, keyed_hashes
from invitations.email.limits import (
    DAY,
    InviterSendingLimitReached,
    OrganizationSendingLimitReached,
    RecipientSendingLimitReached,
    TooManyOpenInvitations,
    at_sending_limit,
    delete_old_counters,
    emails_requested_since,
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


def retry_after(act: Callable[[], object], error: type[LimitReached]) -> int:
    """Check that calling ``act`` is rejected and changes nothing. Return ``retry_after`` in seconds."""
    with track_changes() as changes, pytest.raises(error) as raised:
        act()
    assert changes.nothing
    return raised.value.retry_after


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
        retry_after(
            lambda: invite(by=by, organization_id=elsewhere.pk, email=normalize_address("e@example.com")),
            InviterSendingLimitReached,
        )

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
        send("c")
        assert retry_after(lambda: send("d"), OrganizationSendingLimitReached) == 23 * 3600

    def test_an_older_organization_has_a_higher_limit(
        self, send: Callable[..., Invitation], admin: User, organization: Organization
    ):
        make_older(organization)
        for name in "abc":
            send(name)
        for name in "de":
            send(name, by=admin)
        assert retry_after(lambda: send("f", by=admin), OrganizationSendingLimitReached) == 24 * 3600

    def test_trying_again_after_retry_after_works(
        self, send: Callable[..., Invitation], clock: Callable[[timedelta], None]
    ):
        for name in "abc":
            send(name)
            clock(timedelta(hours=1))
        wait = retry_after(lambda: send("d"), OrganizationSendingLimitReached)
        clock(timedelta(seconds=wait - 1))
        assert retry_after(lambda: send("d"), OrganizationSendingLimitReached) == 1
        clock(timedelta(seconds=1))
        assert send("d").is_open
        assert retry_after(lambda: send("e"), OrganizationSendingLimitReached) == 3600

    def test_resending_and_correcting_count_too(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        invitation = send("a")
        where: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk}
        resend(**where, invitation_id=invitation.pk)
        corrected = correct_address(**where, invitation_id=invitation.pk, email=normalize_address("b@example.com"))
        for act in (
            lambda: send("c"),
            lambda: resend(**where, invitation_id=corrected.pk),
            lambda: correct_address(**where, invitation_id=corrected.pk, email=normalize_address("c@example.com")),
        ):
            retry_after(act, OrganizationSendingLimitReached)

    def test_an_expired_one_that_is_sent_again_counts(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        for name in "abc":
            send(name)
        expired = InvitationFactory.create(
            organization=organization, email="d@example.com", inviter=owner, expires_at=LONG_AGO
        )
        again = {"by": session_of(owner), "organization_id": organization.pk, "invitation_id": expired.pk}
        retry_after(lambda: resend(**again), OrganizationSendingLimitReached)  # type: ignore[arg-type]

    def test_withdrawing_does_not_reduce_the_count(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        for name in "abc":
            cancel(by=session_of(owner), organization_id=organization.pk, invitation_id=send(name).pk)
        retry_after(lambda: send("d"), OrganizationSendingLimitReached)

    def test_other_organizations_are_not_affected(
        self, send: Callable[..., Invitation], other_organization: Organization, stranger: User
    ):
        for name in "abc":
            send(name)
        assert send("d", by=stranger, to=other_organization).is_open

    @pytest.mark.parametrize(("own", "allowed"), [(1, "a"), (4, "abcd")])
    def test_staff_can_set_another_limit_for_one_organization(
        self, send: Callable[..., Invitation], organization: Organization, own: int, allowed: str
    ):
        Organization.objects.filter(pk=organization.pk).update(daily_email_limit=own)
        for name in allowed:
            assert not at_sending_limit(Organization.objects.all()).exists()
            send(name)
        retry_after(lambda: send("z"), OrganizationSendingLimitReached)
        assert at_sending_limit(Organization.objects.all()).get() == organization

    def test_the_limit_does_not_block_staff_but_their_emails_count(
        self, send: Callable[..., Invitation], organization: Organization, by_staff: Principal
    ):
        for name in "abc":
            send(name)
        invite(by=by_staff, organization_id=organization.pk, email=normalize_address("d@example.com"))
        assert emails_requested_since(organization.pk, timezone.now() - DAY).count() == 4

    def test_emails_to_the_inviter_are_not_counted(self, send: Callable[..., Invitation], settings: Settings):
        settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
        invitation = send("a")
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=LONG_AGO)
        expired = Principal(user=UserFactory.create(email="a@example.com"), method=Method.SESSION)
        assert ask_again(by=expired, invitation_id=invitation.pk)
        assert Email.objects.filter(kind="ask_again").exists()


class TestInviterLimit:
    def test_the_limit_of_an_inviter_covers_all_organizations(
        self, send: Callable[..., Invitation], owner: User, clock: Callable[[timedelta], None]
    ):
        organizations = [
            OrganizationFactory.create(slug=f"organization-{number}", owners=[owner]) for number in range(5)
        ]
        for number in range(4):
            send(f"a-{number}", to=organizations[number])
            clock(timedelta(hours=1))
        wait = retry_after(lambda: send("a", to=organizations[4]), InviterSendingLimitReached)
        assert wait == 20 * 3600
        clock(timedelta(seconds=wait))
        assert send("a", to=organizations[4]).is_open

    def test_the_limit_of_an_inviter_does_not_affect_others(
        self, send: Callable[..., Invitation], admin: User, organization: Organization
    ):
        make_older(organization)
        for name in "abcd":
            send(name)
        retry_after(lambda: send("e"), InviterSendingLimitReached)
        assert send("e", by=admin).is_open

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
        wait = retry_after(lambda: send("a", to=third), RecipientSendingLimitReached)
        assert wait == 40 * 60
        clock(timedelta(seconds=wait))
        assert send("a", to=third).is_open

    def test_resending_counts(self, send: Callable[..., Invitation], organization: Organization, owner: User):
        invitation = send("a")
        again: dict[str, Any] = {
            "by": session_of(owner), "organization_id": organization.pk, "invitation_id": invitation.pk,
        }  # fmt: skip
        resend(**again)
        retry_after(lambda: resend(**again), RecipientSendingLimitReached)
        invitation.refresh_from_db()
        assert invitation.generation == 2

    def test_the_limit_ignores_letter_case(
        self, send: Callable[..., Invitation], organization: Organization, owner: User
    ):
        send("a")
        where: dict[str, Any] = {"by": session_of(owner), "organization_id": organization.pk}
        invite(**where, email=normalize_address("A@EXAMPLE.com"), force=True)
        retry_after(
            lambda: invite(**where, email=normalize_address("a@Example.com"), force=True), RecipientSendingLimitReached
        )

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
        wait = retry_after(
            lambda: ask_again(by=session_of(person), invitation_id=invitation.pk), RecipientSendingLimitReached
        )
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
        assert [row["moments"] for row in rows] == [[NOON.timestamp()]] * 2

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
        assert retry_after(lambda: send("a", force=True), RecipientSendingLimitReached) == 3600
        rows = {row.key: row.moments for row in SendingCounter.objects.all()}
        assert rows == {
            keyed_hashes(HashPurpose.RECIPIENT, "a@example.com")[0]: [NOON.timestamp()] * 2,
            keyed_hashes(HashPurpose.INVITER, str(owner.pk))[0]: [NOON.timestamp()] * 2,
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
        assert retry_after(lambda: send("c"), TooManyOpenInvitations) == 3 * 86400
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
        retry_after(lambda: send("d"), TooManyOpenInvitations)

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
        assert retry_after(lambda: send("d"), TooManyOpenInvitations) == 6 * 86400
