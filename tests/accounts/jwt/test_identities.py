"""Users of JWTs: creating users, linking identities, verified addresses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.jwt.identities import user_of
from accounts.jwt.tokens import LEEWAY_SECONDS, Claims, IgnoredAddress, IgnoredReason, InvalidCredentials
from accounts.models import ExternalIdentity, User
from accounts.principals import Method, Principal
from core.addresses import normalize_address
from events.models import Event
from tests.factories import EmailAddressFactory, UserFactory
from tests.support.changes import event, track_changes
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db
ISSUER, OTHER = "https://issuer.example.com", "https://other.example.com"


def claims(address: str | None = "newcomer@example.com", **changes: Any) -> Claims:
    good = {
        "issuer": ISSUER,
        "subject": "subject-1",
        "verified_address": address,
        "first_name": "New",
        "last_name": "Comer",
        "authenticated_at": datetime(2026, 1, 2, tzinfo=UTC),
        "issued_at": datetime(2026, 1, 2, tzinfo=UTC).timestamp(),
    }
    return Claims(**(good | changes))


def by_token(user: User) -> Principal:
    return Principal(user=user, method=Method.JWT)


def addresses(user: User) -> list[tuple[str, bool, bool]]:
    return list(EmailAddress.objects.filter(user=user).order_by("id").values_list("email", "verified", "primary"))


def test_a_first_visit_makes_a_person_with_a_proven_address():
    with track_changes() as changes:
        user = user_of(claims())

    identity = ExternalIdentity.objects.get()
    user.refresh_from_db()
    assert (user.email, user.first_name, user.last_name, user.kind) == (
        "newcomer@example.com",
        "New",
        "Comer",
        "client",
    )
    assert (identity.user, identity.issuer, identity.subject) == (user, ISSUER, "subject-1")
    assert addresses(user) == [("newcomer@example.com", True, True)]
    assert not user.has_usable_password()
    assert changes.events == [
        event("user.registered", user, by_token(user), user_kind="client"),
        event("user.address_proven", user, by_token(user)),
        event("identity.linked", identity, by_token(user), user_id=user.pk),
    ]
    assert "newcomer" not in str(list(Event.objects.values()))


def test_the_next_visits_find_the_same_person_and_write_nothing():
    first = user_of(claims())

    with (
        track_changes() as changes,
        assert_queries(identity="SELECT accounts_externalidentity", proven="SELECT accounts_user"),
    ):
        assert user_of(claims(first_name="Other")) == first

    assert changes.nothing


def test_a_user_with_the_verified_address_is_linked(member):
    with track_changes() as changes:
        assert user_of(claims("member@example.com")) == member

    identity = ExternalIdentity.objects.get()
    assert changes.tables == {"accounts.ExternalIdentity": (1, 0, 0)}
    assert changes.events == [event("identity.linked", identity, by_token(member), user_id=member.pk)]


def test_a_user_with_it_as_a_second_verified_address_is_linked(member):
    EmailAddressFactory.create(user=member, email="other@example.com")

    assert user_of(claims("other@example.com")) == member


def test_one_person_may_come_by_two_issuers():
    user = user_of(claims())

    assert user_of(claims(issuer=OTHER, subject="x")) == user
    assert user.identities.count() == 2


def test_another_subject_of_the_same_issuer_is_another_person():
    first = user_of(claims())

    second = user_of(claims(subject="subject-2"))

    assert second != first
    assert (second.email, addresses(second)) == (None, [])


def test_an_address_that_the_issuer_has_not_verified_matches_nobody(member):
    user = user_of(claims(None))

    assert user != member
    assert (user.email, addresses(user)) == (None, [])


def test_an_address_that_its_holder_has_not_proven_gives_way():
    squatter = UserFactory.create(email="newcomer@example.com", password="correct-horse-battery", email_address=None)
    EmailAddressFactory.create(user=squatter, email="newcomer@example.com", primary=True, verified=False)

    with track_changes() as changes:
        user = user_of(claims())

    squatter.refresh_from_db()
    assert user != squatter
    assert (user.email, addresses(user)) == ("newcomer@example.com", [("newcomer@example.com", True, True)])
    assert (squatter.email, addresses(squatter)) == (None, [])
    assert event("user.address_lost", squatter, None) in changes.events


def test_so_does_a_second_address_that_was_only_added(stranger):
    EmailAddressFactory.create(user=stranger, email="newcomer@example.com", verified=False)

    user = user_of(claims())

    assert user != stranger
    assert addresses(stranger) == [("stranger@example.com", True, True)]


def test_an_address_proven_later_becomes_the_main_one_of_who_had_none():
    user = user_of(claims(None))

    with track_changes() as changes:
        assert user_of(claims()) == user

    user.refresh_from_db()
    assert (user.email, addresses(user)) == ("newcomer@example.com", [("newcomer@example.com", True, True)])
    assert changes.events == [event("user.address_proven", user, by_token(user))]


def test_another_address_proven_later_is_a_second_one():
    user = user_of(claims())

    user_of(claims("renamed@example.com"))

    user.refresh_from_db()
    assert user.email == "newcomer@example.com"
    assert addresses(user) == [("newcomer@example.com", True, True), ("renamed@example.com", True, False)]


def test_an_own_claim_is_proven_in_place():
    user = user_of(claims())
    EmailAddressFactory.create(user=user, email="renamed@example.com", verified=False)

    user_of(claims("renamed@example.com"))

    assert user.verified_addresses() == {"newcomer@example.com", "renamed@example.com"}


def test_an_address_that_somebody_else_has_proven_stays_theirs(member):
    user = user_of(claims())

    with track_changes() as changes:
        assert user_of(claims("member@example.com")) == user

    assert changes.events == [event("identity.address_ignored", identity_of(user), by_token(user), reason="taken")]
    assert ignored_of(user) == ("member@example.com", "taken")
    assert member.verified_addresses() == {"member@example.com"}


# Addresses that do not count


NOT_STATED = IgnoredAddress(IgnoredReason.NOT_STATED, normalize_address("newcomer@example.com"))


def identity_of(user: User) -> ExternalIdentity:
    return ExternalIdentity.objects.get(user=user)


def ignored_of(user: User) -> tuple[str | None, str]:
    identity = identity_of(user)
    return identity.ignored_address, identity.ignored_reason


def test_an_address_that_does_not_count_is_stored_and_logged_once(caplog):
    user = user_of(claims(None, ignored_address=NOT_STATED))

    assert ignored_of(user) == ("newcomer@example.com", "not_stated")
    [record] = caplog.records
    facts = (record.message, record.reason, record.issuer)
    assert facts == ("address in token ignored", "not_stated", "https://issuer.example.com")
    with track_changes() as changes:
        user_of(claims(None, ignored_address=NOT_STATED))
    assert changes.nothing
    assert len(caplog.records) == 1


def test_it_is_stored_for_a_known_person_too_and_forgotten_when_an_address_counts():
    user = user_of(claims(None))
    user_of(claims(None, ignored_address=NOT_STATED))

    with track_changes() as changes:
        user_of(claims())

    assert ignored_of(user) == (None, "")
    assert changes.events == [
        event("user.address_proven", user, by_token(user)),
        event("identity.address_counts", identity_of(user), by_token(user), reason=""),
    ]


def test_a_second_subject_of_the_issuer_reads_why_it_has_no_address():
    user_of(claims())

    second = user_of(claims(subject="subject-2"))

    assert ignored_of(second) == ("newcomer@example.com", "taken")


def test_an_address_that_is_not_valid_is_not_stored():
    user = user_of(claims(None, ignored_address=IgnoredAddress(IgnoredReason.MALFORMED)))

    assert ignored_of(user) == (None, "malformed")


@pytest.mark.parametrize("values", [{"is_active": False}, {"is_active": False, "deleted_at": timezone.now()}])
def test_whose_account_has_ended_is_not_linked(values):
    UserFactory.create(email="member@example.com")
    User.objects.update(**values)

    with track_changes() as changes, pytest.raises(InvalidCredentials):
        user_of(claims("member@example.com"))

    assert changes.nothing


@pytest.mark.parametrize("is_known", [False, True], ids=["first visit", "known identity"])
def test_a_token_from_before_the_end_of_the_credentials_changes_nothing(is_known):
    user = user_of(claims("old@example.com")) if is_known else UserFactory.create(email="new@example.com")
    ended_at = timezone.now()
    User.objects.filter(pk=user.pk).update(credentials_ended_at=ended_at)  # deactivated and active again
    late = ended_at.timestamp() + LEEWAY_SECONDS

    with track_changes() as changes, pytest.raises(InvalidCredentials):
        user_of(claims("new@example.com", issued_at=late))

    assert changes.nothing
    assert user_of(claims("new@example.com", issued_at=late + 1)) == user


def test_a_known_one_whose_account_has_ended_gains_nothing():
    user = user_of(claims())
    User.objects.update(is_active=False)

    with track_changes() as changes:
        assert user_of(claims("renamed@example.com")) == user

    assert changes.nothing


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("Ada", "Ada"),
        (" Ada ", "Ada"),
        ("\u200bAda\ufeff", "Ada"),
        ("\u0645\u06cc\u200c\u0634", "\u0645\u06cc\u200c\u0634"),
        ("x" * 200, "x" * 128),
        ("x" * 127 + " y", "x" * 127),
        ("A\u202eda", ""),
        ("A\x00da", ""),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_a_strange_name_is_left_out_and_keeps_nobody_away(given, taken):
    assert user_of(claims(first_name=given)).first_name == taken


def test_staff_can_see_which_name_was_left_out(caplog):
    user = user_of(claims(first_name="A\u202eda", last_name="Lee"))

    registered = Event.objects.about(user).get(kind="user.registered")
    assert (user.first_name, user.last_name) == ("", "Lee")
    assert registered.data == {"user_kind": "client", "left_out": ["first_name"]}
    [record] = [record for record in caplog.records if record.name == "accounts.jwt.identities"]
    facts = (record.message, record.issuer, record.user_id, record.fields)
    assert facts == ("name in token left out", ISSUER, user.pk, ["first_name"])


def test_a_name_that_is_missing_was_not_left_out(caplog):
    user = user_of(claims(first_name="", last_name=""))

    assert Event.objects.about(user).get(kind="user.registered").data == {"user_kind": "client"}
    assert not caplog.records
