"""Test the 429 responses of the house API and their Retry-After header. Golden files cover the dialects."""

from typing import Any

import pytest

from accounts.api.idempotency import HEADER
from accounts.models import IdempotentResponse
from core.addresses import normalize_address
from invitations.email.limits import count_email_to
from orgs.models import Organization
from tests.invitations.api.house import sent
from tests.orgs.api.house import API, refused, said
from tests.support.changes import track_changes

NEW = {"email": "new@example.com"}
OF_RECIPIENT = "This address was sent several emails within the last hour. Try again later."


@pytest.fixture
def nothing_left(settings) -> None:
    """Set the daily limit to one email and use it up."""
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    for address in ("new@example.com", "invitee@example.com"):
        count_email_to(normalize_address(address))


@pytest.fixture
def requests(organization, invitation) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return a request for each operation that sends an email to an invitee."""
    return {
        "create": (f"{API}/organizations/{organization.pk}/invitations", NEW),
        "invite": (f"{API}/organization-members/invite", NEW),
        "resend": (sent(invitation, "resend"), {}),
        "correct_address": (sent(invitation, "correct-address"), NEW),
    }


@pytest.mark.parametrize("name", ["create", "invite", "resend", "correct_address"])
def test_the_house_says_when_to_try_again_and_has_done_nothing(by, requests, nothing_left, name):
    path, body = requests[name]
    with track_changes() as changes:
        response = by("owner").post(path, body, headers={HEADER: "once"})

    assert said(response) == refused(429, "recipient_sending_limit_reached", OF_RECIPIENT, details={"limit": 1})
    assert 3590 <= int(response["Retry-After"]) <= 3600
    assert changes.nothing
    assert not IdempotentResponse.objects.exists()


def test_the_same_request_works_once_there_is_room(by, requests, nothing_left, settings):
    path, body = requests["create"]
    assert by("owner").post(path, body, headers={HEADER: "once"}).status_code == 429
    settings.RECIPIENT_EMAILS_PER_HOUR = 2
    assert by("owner").post(path, body, headers={HEADER: "once"}).status_code == 201


def test_the_open_ones_are_counted(by, organization, invitation, requests):
    Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=1)
    path, body = requests["create"]

    response = by("owner").post(path, body)

    message = "This organization has reached its limit of open invitations. Withdraw some, or wait until some expire."
    assert said(response) == refused(409, "too_many_open_invitations", message, details={"limit": 1})
    assert "Retry-After" not in response


@pytest.mark.parametrize("name", ["create", "invite"])
def test_an_invitation_whose_email_is_scheduled_needs_no_slot(by, organization, requests, settings, name):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 1
    path, body = requests[name]
    assert by("owner").post(path, {"email": "first@example.com"}).status_code == 201
    Organization.objects.filter(pk=organization.pk).update(open_invitation_limit=1)

    response = by("owner").post(path, body)

    assert response.status_code == 201
    assert response.json()["data"]["delivery"]["state"] == "scheduled"
