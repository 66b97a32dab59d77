"""Test every admin page: accessibility, and that only tables scroll, on a desk and on a phone, in light and dark."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.utils import timezone

from accounts.models import User
from invitations.models import Invitation
from orgs.models import Organization
from perfectworks.demo import make_world
from tests import repetition
from tests.browser.test_scenes import RULES_OF_LOOKS, faults
from tests.factories import (
    ApiKeyFactory,
    AttemptFactory,
    EmailFactory,
    ExternalIdentityFactory,
    OAuthApplicationFactory,
    RoleAssignmentFactory,
    UnitFactory,
    WebhookAttemptFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# To save time, each color scheme and each width is tested once. The second look tests what another look can change.
LOOKS: tuple[Any, ...] = (
    ("light", DESK, None),
    ("dark", PHONE, [*RULES_OF_LOOKS, "scrollable-region-focusable"]),
)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def address_of(model: Any, view: str, *arguments: Any) -> str:
    end = "/".join(map(str, (*arguments, view)))
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{end}"


def make_rows() -> None:
    """Add the kinds of rows that the demo data lacks, and rows with long values."""
    organization = Organization.objects.earliest("pk")
    Organization.objects.filter(pk=organization.pk).update(name="Extraordinarily Long-Named Riverside Cooperative")
    membership = organization.memberships.earliest("pk")
    ApiKeyFactory.create(membership=membership)
    RoleAssignmentFactory.create(membership=membership, unit=UnitFactory.create(organization=organization))
    ExternalIdentityFactory.create(user=membership.user)
    OAuthApplicationFactory.create(user=membership.user)
    endpoint = WebhookEndpointFactory.create(
        organization=organization,
        url=f"https://{'very-' * 8}long.example.com/{'hooks/' * 20}",
        event_types=["role.created"],
    )
    WebhookAttemptFactory.create(delivery=WebhookDeliveryFactory.create(endpoint=endpoint), response="long" * 40)
    long = f"{'long' * 12}@{'very-' * 8}long.example.com"
    email = EmailFactory.create(bounced=True, recipient=long)
    AttemptFactory.create(email=email, failed=True)
    Invitation.objects.filter(pk=email.invitation_id).update(email=long)
    User.objects.filter(pk=User.objects.filter(kind="client", is_staff=False).latest("pk").pk).update(
        is_active=False, deleted_at=timezone.now()
    )


def pages() -> Iterator[str]:
    """Yield the URL of each page: start page, lists, pages of rows, and pages of buttons and forms."""
    yield "/admin/"
    for model, page in admin.site._registry.items():
        yield address_of(model, "")
        for row in rows_of(model):
            yield address_of(model, "change/", row.pk)
            for button in getattr(page, "buttons", ()):
                if button.has_page and button.applies(row):
                    yield address_of(model, f"do/{button.name}", row.pk)
        if getattr(page, "adds", None):
            yield address_of(model, "add/")


def looks_at(place: int) -> list[Any]:
    """Return both looks with `--full`. Otherwise one with all rules, so that every second page is dark."""
    scheme, size, _ = LOOKS[place % 2]
    return list(LOOKS) if repetition.full else [(scheme, size, None)]


def rows_of(model: Any) -> list[Any]:
    """Return rows of each state."""
    page: Any = admin.site._registry[model]
    rows = page.get_queryset(None).order_by("pk")
    if model is Invitation:
        return list({row.state: row for row in rows}.values())
    if model is User:
        return list({(row.kind, row.is_active, row.is_staff): row for row in rows}.values())
    return list(rows[:1])


def test_every_admin_page_is_accessible_and_fits(visitor: Any, page: Any):
    make_world()
    make_rows()
    visitor.sign_in(User.objects.get(email="staff@example.com"))
    page.emulate_media(reduced_motion="reduce")
    found = []
    for place, path in enumerate(pages()):
        response = visitor.go(path)
        assert response.status == 200, path
        for scheme, size, rules in looks_at(place):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(size)
            found += [(path, scheme, size["width"], fault) for fault in faults(page, rules=rules)]
            if page.evaluate(WIDER) > 0:
                found.append((path, scheme, size["width"], "The page scrolls horizontally."))
    assert found == []
