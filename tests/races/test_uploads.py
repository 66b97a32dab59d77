"""Two uploads of the same list at once invite each address once, and lists in another order cause no deadlock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from events.models import Event
from invitations.actions.inviting_many import invite_many
from invitations.actions.managing_many import resend_many
from invitations.bulk.rows import InviteRow, RowResult
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.actions.organizations import create_organization
from tests.factories import UserFactory
from tests.races.racing import PATIENCE, race
from tests.repetition import times
from tests.support.people import session_of

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = [f"person-{number}@example.com" for number in range(120)]


@pytest.mark.parametrize("attempt", range(times(1, in_full=8)))
def test_each_address_is_invited_once(attempt: int, settings: Any):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = settings.INVITER_EMAILS_PER_DAY = 1000
    owner = UserFactory.create()
    organization = create_organization(by=session_of(owner), name="Riverside")
    start = Barrier(2, timeout=PATIENCE)

    def upload(addresses: list[str]) -> list[RowResult]:
        try:
            start.wait()
            rows = [InviteRow(email=address) for address in addresses]
            return invite_many(by=session_of(owner), organization_id=organization.pk, rows=rows)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        both = [*threads.map(upload, (PEOPLE, PEOPLE[::-1]))]

    verdicts = [{str(result.verdict) for result in results} for results in both]
    assert sorted(verdicts, key=str) == [{"already_invited"}, {"invited"}]
    assert Invitation.objects.filter(organization=organization).count() == len(PEOPLE)
    assert Email.objects.filter(organization_id=organization.pk).count() == len(PEOPLE)
    assert Event.objects.filter(kind="invitation.created", organization_id=organization.pk).count() == len(PEOPLE)


def test_two_organizations_resend_to_the_same_people_in_another_order(settings: Any):
    settings.RECIPIENT_EMAILS_PER_HOUR = settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1000
    settings.INVITER_EMAILS_PER_DAY = 1000
    people = PEOPLE[:40]

    def resend_all(order: list[str]) -> Callable[[], int]:
        owner = UserFactory.create()
        organization = create_organization(by=session_of(owner), name="Riverside")
        rows = [InviteRow(email=address) for address in order]
        invited = invite_many(by=session_of(owner), organization_id=organization.pk, rows=rows)
        ids = [result.invitation_id for result in invited if result.invitation_id]
        return lambda: len(
            [
                result
                for result in resend_many(by=session_of(owner), organization_id=organization.pk, invitation_ids=ids)
                if result.has_changed
            ]
        )

    assert race(resend_all(people), resend_all(people[::-1])) == [len(people)] * 2
