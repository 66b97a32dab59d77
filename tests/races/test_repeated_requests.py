"""Concurrent copies of one request with an idempotency key take effect once and all get the same response."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from accounts.models import IdempotentResponse, User
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.support.people import session_of

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


def at_once(requests: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all requests at once, each in a thread with its own connection, and return their responses."""
    requests = list(requests)
    start = Barrier(len(requests))

    def run(request: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return request()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(run, requests))


def post(user: User, path: str, body: dict[str, Any], key: str = "one") -> Callable[[], tuple[int, bytes]]:
    """Return a function that sends a request with a new client."""
    client = APIClient()
    client.force_authenticate(user, token=session_of(user))  # type: ignore[arg-type]

    def ask() -> tuple[int, bytes]:
        response = client.post(f"/api/v0/organizations/{path}", body, headers={"Idempotency-Key": key})
        return response.status_code, response.content

    return ask


def test_an_invitation_is_made_and_emailed_once(owner: User, organization: Organization) -> None:
    path, body = f"{organization.pk}/invitations", {"email": "new@example.com"}

    answers = at_once(post(owner, path, body) for _ in range(AT_ONCE))

    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert (Invitation.objects.count(), Email.objects.count(), IdempotentResponse.objects.count()) == (1, 1, 1)


def test_an_invitation_is_resent_once(owner: User, organization: Organization) -> None:
    invitation = InvitationFactory.create(organization=organization, email="new@example.com", inviter=owner)
    path = f"{organization.pk}/invitations/{invitation.pk}/resend"

    answers = at_once(post(owner, path, {}) for _ in range(AT_ONCE))

    invitation.refresh_from_db()
    assert len(set(answers)) == 1
    assert answers[0][0] == 200
    assert (invitation.generation, Email.objects.count()) == (2, 1)


def test_of_two_requests_with_one_key_one_is_refused(owner: User, organization: Organization) -> None:
    path = f"{organization.pk}/invitations"

    answers = at_once(post(owner, path, {"email": f"{name}@example.com"}) for name in ("first", "second"))

    assert sorted(status for status, _ in answers) == [201, 422]
    assert (Invitation.objects.count(), Email.objects.count()) == (1, 1)


def test_different_keys_do_not_wait_for_each_other(owner: User, organization: Organization) -> None:
    path = f"{organization.pk}/invitations"

    answers = at_once(
        post(owner, path, {"email": f"new-{number}@example.com"}, key=str(number)) for number in range(AT_ONCE)
    )

    assert [status for status, _ in answers] == [201] * AT_ONCE
    assert Email.objects.count() == AT_ONCE
