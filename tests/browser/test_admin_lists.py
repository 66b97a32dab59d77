"""Test that the admin lists fit a small desktop screen without horizontal scrolling."""

import pytest

from accounts.models import User
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from tests.browser.admin_scenes import add_more_rows, as_staff
from tests.browser.consent_scenes import client_of
from tests.browser.stage import set_stage
from tests.factories import WebhookDeliveryFactory

pytestmark = pytest.mark.browser
SMALL_DESK = {"width": 1300, "height": 800}
LONG = f"{'long' * 12}@{'very-' * 8}long.example.com"
HIDDEN = "list => list.scrollWidth - list.clientWidth"


@pytest.mark.parametrize(
    "path",
    [
        "invitations/invitation/",
        "invitations/email/",
        "orgs/membership/",
        "accounts/user/",
        "orgs/organization/",
        "accounts/oauthapplication/",
        "events/event/",
        "webhooks/webhookendpoint/",
        "webhooks/webhookdelivery/",
    ],
)
def test_a_list_fits(visitor, page, path):
    stage = set_stage(visitor)
    add_more_rows(stage)
    client_of(stage, "https://client.example.com/callback")
    WebhookDeliveryFactory.create(
        deferred=True,
        endpoint__organization=stage.organization,
        endpoint__url=f"https://{'very-' * 8}long.example.com/{'hooks/' * 20}",
        message__event_type="membership.unit_role_assigned",
        response="No connection: " + "refused " * 20,
    )
    Organization.objects.update(name="Extraordinarily Long-Named Riverside Cooperative")
    User.objects.filter(pk=stage.stranger.pk).update(email=LONG)
    Invitation.objects.filter(pk=stage.invitation.pk).update(email=LONG)
    Email.objects.filter(invitation=stage.invitation).update(recipient=LONG)
    page.set_viewport_size(SMALL_DESK)

    as_staff(stage, path)

    assert page.locator("#result_list tbody tr").count() > 0
    assert page.locator(".results").evaluate(HIDDEN) == 0
