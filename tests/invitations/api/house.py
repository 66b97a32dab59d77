"""Expected responses and helpers for the tests of the invitation API."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.principals import Method, Principal
from core.api.serializers import format_time
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.tokens import Purpose, token_for
from orgs.models import Organization, Role, Unit
from tests.factories import InvitationFactory
from tests.orgs.api.house import API, Answer, at, refused, said
from tests.support.queries import query_summaries

NO_INVITATION = refused(404, "invitation_not_found", "There is no such invitation.")
TOKEN = re.compile(r"[A-Za-z0-9_-]{59}")

# For each state except open: the error of actions that need an open invitation.
WAITS = refused(409, "invitation_waits", "This invitation was accepted and waits for a free seat.")
ENDS = {
    "accepted": refused(410, "invitation_accepted", "This invitation was accepted."),
    "declined": refused(410, "invitation_declined", "This invitation was declined."),
    "cancelled": refused(410, "invitation_cancelled", "This invitation was withdrawn."),
    "superseded": refused(410, "invitation_superseded", "A newer invitation took the place of this one."),
    "error": refused(410, "invitation_undeliverable", "This invitation could not be delivered."),
    "expired": refused(410, "invitation_expired", "This invitation has expired."),
    "overdue": refused(410, "invitation_expired", "This invitation has expired."),
}


def invitation_in_state(state: str, **values: Any) -> Invitation:
    """Create an invitation in this state. In the state `overdue`, it has expired and still has the status `pending`."""
    if state in ("expired", "overdue", "superseded"):
        return InvitationFactory.create(**{state: True}, **values)
    return InvitationFactory.create(status=state, **values)


def already_invited(invitation: Invitation) -> Answer:
    message = "There is an open invitation to this address."
    return refused(409, "already_invited", message, details={"invitationId": str(invitation.pk)})


def granted(invitation: Invitation) -> tuple[Any, ...]:
    """Return the role, permissions, unit and unit role from the database."""
    return invitation.role_id, invitation.permissions, invitation.unit_id, invitation.unit_role_id


def mine(*parts: object) -> str:
    """Return the URL of the caller's invitations, or of a resource below that URL."""
    return "/".join([f"{API}/invitations", *map(str, parts)])


def sent(invitation: Invitation, *parts: object) -> str:
    """Return the URL of an invitation below its organization, or of a resource below that URL."""
    return at(invitation.organization, "invitations", invitation.pk, *parts)


def role(row: Role | None) -> dict[str, str] | None:
    return {"id": str(row.pk), "name": row.name} if row else None


def unit(row: Unit | None) -> dict[str, str] | None:
    return {"id": str(row.pk), "kind": row.kind, "slug": row.slug, "name": row.name} if row else None


def moment(value: Any) -> str | None:
    return value and format_time(value)


def reloaded(invitation: Invitation) -> Invitation:
    return Invitation.objects.with_details().with_member_count().get(pk=invitation.pk)


def sent_row(invitation: Invitation, **changes: Any) -> dict[str, Any]:
    """Return the JSON that the organization gets for the invitation."""
    row = reloaded(invitation)
    return {
        "id": str(row.pk),
        "organizationId": str(row.organization_id),
        "email": row.email,
        "state": row.status,
        "role": role(row.role),
        "permissions": row.permissions,
        "unit": unit(row.unit),
        "unitRole": role(row.unit_role),
        "name": row.invitee_name or None,
        "message": row.message or None,
        "metadata": row.metadata,
        "language": row.language or row.organization.language or None,
        "invitedBy": {"id": str(row.inviter_user_id), "name": row.inviter_name},
        "declineReason": row.decline_reason or None,
        "given": row.given,
        "supersededBy": row.superseded_by_id and str(row.superseded_by_id),
        "generation": row.generation,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
        "expiresAt": moment(row.expires_at),
        "finishedAt": moment(row.finished_at),
        "delivery": delivery(row.delivery),
        **changes,
    }


def delivery(email: Email | None, **changes: Any) -> dict[str, Any] | None:
    """Return the expected `delivery` field: the state of the newest email to the invitee."""
    if email is None:
        return None
    return {
        "kind": email.kind,
        "state": email.state,
        "attempts": email.attempts,
        "response": email.response or None,
        "sentAt": moment(email.sent_at),
        "nextAttemptAt": moment(email.due_at),
        "updatedAt": moment(email.updated_at),
        **changes,
    }


def received_row(invitation: Invitation, **changes: Any) -> dict[str, Any]:
    """Return the JSON that the invitee gets for the invitation."""
    row = reloaded(invitation)
    organization = row.organization
    return {
        "id": str(row.pk),
        "organization": organization_reference(organization),
        "memberCount": organization.memberships.count(),
        "email": row.email,
        "role": row.role and row.role.name,
        "permissions": row.permissions,
        "unit": row.unit and {"kind": row.unit.kind, "name": row.unit.name},
        "unitRole": row.unit_role and row.unit_role.name,
        "message": row.message or None,
        "invitedBy": {"id": str(row.inviter_user_id), "name": row.inviter_name},
        "invitedAt": moment(row.created_at),
        "expiresAt": moment(row.expires_at),
        "status": row.status,
        **changes,
    }


def organization_reference(organization: Organization) -> dict[str, str | None]:
    return {
        "id": str(organization.pk),
        "slug": organization.slug,
        "name": organization.name,
        "logoUrl": organization.logo_url or None,
    }


def acceptance(
    invitation: Invitation,
    member_id: Any,
    status: str = "accepted",
    *,
    was_member: bool = False,
    given: Any = ("role",),
) -> Any:
    """Return the expected response to an acceptance."""
    return {
        "organization": organization_reference(invitation.organization),
        "invitationId": str(invitation.pk),
        "status": status,
        "memberId": member_id and str(member_id),
        "wasMember": was_member,
        "given": None if given is None else list(given),
    }


def emailed_token(invitation: Invitation) -> str:
    return token_for(Invitation.objects.get(pk=invitation.pk), Purpose.EMAILED)


def without_token(response: Any) -> Any:
    """Assert that the response contains no token, and return it."""
    assert not TOKEN.search(response.content.decode())
    return response


def caller(user: User, **bounds: Any) -> Principal:
    """Return the principal that events record for a client of the fixture `by`."""
    return Principal(user=user, method=Method.JWT, **bounds)


@contextmanager
def captured_queries() -> Iterator[list[str]]:
    """Yield a list that collects the SQL queries of the block."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found.extend(query_summaries(captured))


def indistinguishable(*requests: Any) -> Answer:
    """Assert that all requests get the same response and run the same queries. Return that response."""
    answers = []
    for request in requests:
        with captured_queries() as queries:
            answer = said(request())
        answers.append((answer, list(queries)))
    assert all(answer == answers[0] for answer in answers), answers
    return answers[0][0]


def backdate(invitation: Invitation, **ago: float) -> Invitation:
    """Move the creation time of the invitation into the past."""
    Invitation.objects.filter(pk=invitation.pk).update(created_at=timezone.now() - timedelta(**ago))
    return invitation
