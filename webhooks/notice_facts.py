"""What the notice about a disabled endpoint contains. It is read when the notice is sent."""

from uuid import UUID

from django.conf import settings
from django.urls import reverse

from accounts.email.models import AccountEmail
from accounts.email.purposes import Facts, FactsOf
from core.emails import one_line
from orgs.models import Membership
from orgs.permissions import OWNER_ROLE
from webhooks.models import WebhookEndpoint

NOBODY = UUID(int=0)


def _webhook_disabled(email: AccountEmail) -> Facts | None:
    """Lead to the page of the endpoint.

    None if the endpoint was enabled again or deleted, the organization was archived, or the person is no longer an
    owner.
    """
    ended = WebhookEndpoint.objects.ended().select_related("organization").filter(organization__deleted_at=None)
    endpoint = ended.filter(pk=email.object_id or NOBODY).first()
    if endpoint is None or not _owns(email.user_id, endpoint.organization_id):
        return None
    return {
        "organization": one_line(endpoint.organization.name),
        "endpoint": one_line(str(endpoint)),
        "is_gone": endpoint.state == WebhookEndpoint.State.GONE,
        "days": settings.DELIVERY_RETENTION_DAYS,
        "path": reverse("organization-webhook", args=[endpoint.organization.slug, endpoint.pk]),
    }


def _owns(user_id: UUID | None, organization_id: UUID) -> bool:
    owners = Membership.objects.filter(assignments__role=OWNER_ROLE, assignments__unit__isnull=True)
    return owners.filter(user=user_id, organization=organization_id).exists()


NOTICE_FACTS: dict[str, FactsOf] = {AccountEmail.Purpose.WEBHOOK_DISABLED: _webhook_disabled}
