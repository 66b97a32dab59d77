"""Plans of queries in PostgreSQL, and enough rows for them."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from psycopg.sql import SQL, Literal

from accounts.browser_sessions import Session
from accounts.email.models import AccountEmail, AccountEmailAttempt
from accounts.models import User
from events.models import Event
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Membership, Organization, RoleAssignment
from orgs.permissions import UNASSIGNED_ROLE
from tests.factories import RoleFactory, UnitFactory
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage


def create_many_rows(organization: Organization, owner: User) -> None:
    """Create so many rows that PostgreSQL uses the indexes. Most of the invitations were answered long ago."""
    with connection.cursor() as cursor:
        # Earlier tests delete rows without VACUUM. Bloated tables and indexes would change the plans.
        cursor.execute("TRUNCATE invitations_invitation, events_event CASCADE")
    others = Organization.objects.bulk_create(Organization(slug=f"other-{n}", name="Other") for n in range(20))
    units = [UnitFactory.create(organization=organization, slug=f"unit-{n}") for n in range(20)]
    roles = [RoleFactory.create(organization=organization, name=f"Role {n}") for n in range(40)]
    now = timezone.now()
    invitations = Invitation.objects.bulk_create(
        Invitation(
            organization=others[number % 20],
            email=f"{number}@example.com",
            role=roles[number % 37],
            inviter=owner,
            answered_by=owner if number % 10 == 0 else None,
            unit=units[number // 10 % 19] if number % 10 == 0 else None,
            unit_role=roles[number // 10 % 17] if number % 10 == 0 else None,
            status="pending" if number % 20 == number // 200 else "declined",
            finished_at=None if number % 20 == number // 200 else now,
            expires_at=now + timedelta(days=number % 10),
        )
        for number in range(4000)
        if number % 20 != number // 200 or number % 10
    )
    Email.objects.bulk_create(
        (
            Email(
                invitation=invitation,
                recipient=invitation.email,
                generation=1,
                message_id=f"<{invitation.pk}@example.com>",
                state="sent" if number % 9 else "scheduled",
                sent_at=now if number % 9 else None,
                due_at=None if number % 9 else now + timedelta(days=1),
                counted_at=now + timedelta(days=number % 9 - 8),
                organization_id=invitation.pk,  # many different ones
                responsible_id=invitation.pk,
            )
            for number, invitation in enumerate(invitations)
        ),
        batch_size=1000,
    )
    people = User.objects.bulk_create(User(email=f"{number}@example.com") for number in range(500))
    about_accounts = AccountEmail.objects.bulk_create(
        AccountEmail(
            user=people[number % 500],
            recipient=f"{number % 500}@example.com",
            message_id=f"<{number}@example.com>",
            state="sent" if number % 30 else "deferred",
            sent_at=now if number % 30 else None,
            due_at=None if number % 30 else now + timedelta(days=1),
            created_at=now - timedelta(days=number % 31),
        )
        for number in range(3000)
    )
    AccountEmailAttempt.objects.bulk_create(AccountEmailAttempt(email=email, state="sent") for email in about_accounts)
    create_webhooks(others)
    Session.objects.bulk_create(
        Session(
            session_key=f"{number:040}",
            expire_date=now + timedelta(days=number % 30 - 1),
            user=people[number % 500] if number % 3 == 0 else None,
        )
        for number in range(3000)
    )
    members = Membership.objects.bulk_create(Membership(organization=organization, user=person) for person in people)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(membership=member, role_id=UNASSIGNED_ROLE, unit=place)
        for member in members
        for place in (None, units[0])
    )
    Event.objects.bulk_create(
        Event(
            kind="organization.created" if number % 10 == 0 else f"user.tested_{number % 10}",
            organization_id=people[number % 400].pk,  # many different ones
            number=number // 400 + 1,
            actor_id=people[number % 500].pk,
            actor_method=f"method_{number % 10}",
            subject_type=f"type_{number % 10}",
            subject_id=uuid4(),
        )
        for number in range(4000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def create_webhooks(organizations: list[Organization]) -> None:
    """Create endpoints, and messages of which few wait for their delivery."""
    endpoints = WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(organization=organizations[number % 20], url="https://example.com", has_news=number % 50 == 0)
        for number in range(400)
    )
    messages = WebhookMessage.objects.bulk_create(
        WebhookMessage(
            organization=organizations[number % 20],
            number=number,
            event_type="member.removed",
            data="{}",
            subject_id=uuid4(),
            user_id=uuid4(),
            address=f"{number}@example.com",
            created_at=timezone.now() - timedelta(days=number % 30),
        )
        for number in range(4000)
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoints[number % 400],
            message=message,
            sequence=number,
            state="sent" if number % 20 else "queued",
            sent_at=timezone.now() if number % 20 else None,
            due_at=None if number % 20 else timezone.now(),
        )
        for number, message in enumerate(messages)
    )


def indexes_used(rows: QuerySet[Any]) -> set[str]:
    """Return the indexes in the generic plan of a query."""
    return indexes_in(generic_plan(rows))


def indexes_in(plan: str) -> set[str]:
    """Return the indexes that a plan uses."""
    return {without_digest(name) for name in re.findall(r"Index (?:Only )?Scan(?: Backward)? (?:using|on) (\S+)", plan)}


def generic_plan(rows: QuerySet[Any], *disabled: str) -> str:
    """Return the generic plan of a query, one plan for all parameters. Sequential scans are disabled where possible.

    ``disabled`` names further steps to avoid, such as ``sort``: a sort in the plan then cannot be avoided.
    """
    sql, parameters = rows.query.sql_with_params()
    numbers = enumerate(parameters, 1)
    numbered = re.sub("%s", lambda _: placeholder(*next(numbers)), sql)
    given = SQL(", ").join(Literal(parameter) for parameter in parameters)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for step in ("seqscan", *disabled):
            cursor.execute(f"SET LOCAL enable_{step} = off")
        cursor.execute(SQL("PREPARE asked AS {}").format(SQL(numbered)))
        cursor.execute(SQL("EXPLAIN EXECUTE asked({})").format(given) if parameters else SQL("EXPLAIN EXECUTE asked"))
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE asked")
        for step in disabled:
            cursor.execute(f"SET LOCAL enable_{step} = on")
    return plan


def placeholder(number: int, parameter: Any) -> str:
    """Return the placeholder of a parameter in a prepared statement. Intervals and integers need an explicit type."""
    if isinstance(parameter, timedelta):
        return f"${number}::interval"
    return f"${number}::integer" if isinstance(parameter, int) else f"${number}"


def without_digest(index: str) -> str:
    """Return the name without the eight-digit suffix that Django adds to generated names."""
    return re.sub(r"_[0-9a-f]{8}(_like)?$", lambda found: found[1] or "", index)
