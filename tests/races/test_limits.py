"""Limits are exact: if the limit is 10, for example, exactly 10 of 50 concurrent requests succeed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import Settings

from accounts.models import User
from core.addresses import normalize_address
from core.errors import Conflict, LimitReached
from events.models import Event
from invitations.actions.inviting import invite, resend
from invitations.email.address_hashes import HashPurpose, SendingCounter, keyed_hashes
from invitations.email.budgets import DAY
from invitations.email.limits import (
    RecipientSendingLimitReached,
    TooManyOpenInvitations,
    delete_old_counters,
)
from invitations.email.models import Email, EmailQuerySet
from invitations.models import Invitation
from orgs.actions.organizations import create_organization
from orgs.limits import TooManyOrganizations
from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.races.racing import PATIENCE
from tests.support.people import session_of

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT, AT_ONCE = 10, 50
Somebody = Callable[[], User]
Founded = Callable[..., Organization]


@pytest.fixture(autouse=True)
def _no_other_limit(settings: Settings) -> None:
    for name in ("YOUNG_ORGANIZATION_EMAILS_PER_DAY", "INVITER_EMAILS_PER_DAY", "RECIPIENT_EMAILS_PER_HOUR"):
        setattr(settings, name, AT_ONCE * 10)


@pytest.fixture(autouse=True)
def _no_more_connections_than_others_leave() -> Iterator[None]:
    """Close the connection pool after each test. Later tests break every open connection, so there must be few."""
    yield
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]


Refusal = type[LimitReached | Conflict]


def at_once(*contenders: Callable[[], Any]) -> list[Refusal]:
    """Run all contenders at once and return the limits that they reached. The threads share a connection pool."""
    start = Barrier(len(contenders), timeout=PATIENCE)

    def run(contender: Callable[[], Any]) -> Refusal | None:
        try:
            start.wait()
            contender()
        except (LimitReached, Conflict) as refusal:
            return type(refusal)
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(len(contenders)) as threads:
        return [refusal for refusal in threads.map(run, contenders) if refusal]


def assert_nothing_half_sent(emails: int) -> None:
    """Assert that there are exactly this many emails, and as many events."""
    assert Email.objects.count() == emails
    assert Event.objects.filter(kind__in=("invitation.created", "invitation.resent")).count() == emails


def assert_times(queued: int, limit: int, emails: EmailQuerySet) -> None:
    """Assert that so many emails are sent now, the others later, and that any 24 hours contain at most ``limit``."""
    moments: Any = list(emails.order_by("counted_at").values_list("counted_at", flat=True))
    assert emails.filter(state="queued").count() == queued
    assert emails.filter(state="scheduled").count() == len(moments) - queued
    assert all(later - earlier >= DAY for earlier, later in zip(moments, moments[limit:], strict=False))
    assert moments[-1] - moments[0] < DAY * -(-len(moments) // limit)


def counted(about: HashPurpose, whom: str) -> int:
    return len(SendingCounter.objects.get(key=keyed_hashes(about, whom)[0]).moments)


def inviting(owner: User, organization: Organization, name: object) -> Callable[[], Invitation]:
    return partial(
        invite, by=session_of(owner), organization_id=organization.pk, email=normalize_address(f"{name}@example.com")
    )


def test_emails_of_one_organization(somebody: Somebody, founded: Founded, settings: Settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = LIMIT
    owner = somebody()
    organization = founded(owner)
    assert at_once(*(inviting(owner, organization, number) for number in range(AT_ONCE))) == []
    assert Invitation.objects.open().count() == AT_ONCE
    assert_nothing_half_sent(AT_ONCE)
    assert_times(LIMIT, LIMIT, Email.objects.filter(organization_id=organization.pk))


def test_new_and_resent_ones_together(somebody: Somebody, founded: Founded, settings: Settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = LIMIT
    owner = somebody()
    organization = founded(owner)
    there = [
        InvitationFactory.create(organization=organization, email=f"there-{number}@example.com", inviter=owner)
        for number in range(AT_ONCE // 2)
    ]
    again = [
        partial(resend, by=session_of(owner), organization_id=organization.pk, invitation_id=row.pk) for row in there
    ]
    assert at_once(*again, *(inviting(owner, organization, number) for number in range(AT_ONCE // 2))) == []
    assert_nothing_half_sent(AT_ONCE)
    assert_times(LIMIT, LIMIT, Email.objects.all())


def test_open_invitations(somebody: Somebody, founded: Founded):
    owner = somebody()
    organization = founded(owner, open_invitation_limit=LIMIT)
    refused = at_once(*(inviting(owner, organization, number) for number in range(AT_ONCE)))
    assert refused == [TooManyOpenInvitations] * (AT_ONCE - LIMIT)
    assert organization.invitations.open().count() == LIMIT
    assert_nothing_half_sent(LIMIT)


def test_emails_to_one_address_from_many_organizations(somebody: Somebody, founded: Founded, settings: Settings):
    settings.RECIPIENT_EMAILS_PER_HOUR = LIMIT
    owners = [somebody() for _ in range(AT_ONCE)]
    refused = at_once(*(inviting(owner, founded(owner), "invitee") for owner in owners))
    assert refused == [RecipientSendingLimitReached] * (AT_ONCE - LIMIT)
    assert Invitation.objects.open().count() == LIMIT
    assert_nothing_half_sent(LIMIT)
    assert counted(HashPurpose.RECIPIENT, "invitee@example.com") == LIMIT
    assert SendingCounter.objects.count() == 1 + LIMIT


def test_emails_by_one_person_in_many_organizations(somebody: Somebody, founded: Founded, settings: Settings):
    settings.INVITER_EMAILS_PER_DAY = LIMIT
    owner = somebody()
    assert at_once(*(inviting(owner, founded(owner), number) for number in range(AT_ONCE))) == []
    assert_nothing_half_sent(AT_ONCE)
    assert_times(LIMIT, LIMIT, Email.objects.filter(responsible_id=owner.pk))


def test_inviting_the_same_addresses_in_any_order_does_not_deadlock(somebody: Somebody, founded: Founded):
    owners = [somebody() for _ in range(4)]
    organizations = [founded(*owners) for _ in owners]
    crossing = [
        inviting(owner, organization, name)
        for owner, organization in zip(owners, organizations, strict=True)
        for name in ("one", "other")
    ]
    assert at_once(*crossing, *(delete_old_counters for _ in range(4))) == []
    assert_nothing_half_sent(len(crossing))


def test_organizations_of_one_person(somebody: Somebody, settings: Settings):
    settings.ORGANIZATIONS_PER_PERSON_PER_DAY = 3
    founder = somebody()
    found = [partial(create_organization, by=session_of(founder), name=f"Organization {n}") for n in range(9)]
    assert at_once(*found) == [TooManyOrganizations] * 6
    assert Organization.objects.count() == 3
