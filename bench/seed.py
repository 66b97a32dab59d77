"""The rows of the benchmark: one organization with a million open invitations, and many smaller ones."""

import uuid
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection, transaction

from accounts.models import User
from bench.database import SCALE
from orgs.models import Membership, Organization, Role, RoleAssignment, Unit
from orgs.permissions import OWNER_ROLE, UNIT_EDITOR_ROLE, VIEWER_ROLE

GUESTS = 1_000  # people with one open invitation each, for each server: one acceptance a person
RECEIVED = 20  # invitations to one person, in as many organizations


@dataclass(frozen=True)
class Size:
    """How many organizations of this size there are, and how many open and finished invitations each has."""

    name: str
    organizations: int
    pending: int
    finished: int


SIZES = (
    Size("large", 1, max(100, round(1_000_000 * SCALE)), 0),
    Size("middle", max(1, round(100 * SCALE)), 8_000 if SCALE >= 0.1 else 800, 2_000 if SCALE >= 0.1 else 200),
    Size("small", max(RECEIVED, round(2_000 * SCALE)), 20, 5),
)
NUMBERED = "'guest-' || n || '-' || %(slug)s::text || '@example.com'"
# A UUIDv7 of a point in time, as the service makes them (RFC 9562, section 5.7).
FUNCTION = """
CREATE OR REPLACE FUNCTION bench_uuid7(moment timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
$$
"""
# One invitation a minute until now, each with its email and its event.
INVITATIONS = """
WITH given AS (
    SELECT n, statement_timestamp() - n * interval '1 minute' AS moment FROM generate_series(1, %(count)s) AS n
), invited AS (
    INSERT INTO invitations_invitation (
        id, organization_id, email, role_id, permissions, unit_id, unit_role_id, language, status, generation,
        expires_at, finished_at, decline_reason, inviter_id, inviter_user_id, inviter_name, created_at, updated_at
    )
    SELECT bench_uuid7(moment), %(organization)s::uuid, {address}, %(role)s::uuid, '[]',
        CASE n %% 4 WHEN 0 THEN %(workspace)s::uuid WHEN 1 THEN %(application)s::uuid END,
        CASE WHEN n %% 4 < 2 THEN %(unit_role)s::uuid END, '',
        %(status)s::text, 1, statement_timestamp() + interval '3650 days',
        CASE WHEN %(status)s::text = 'pending' THEN NULL ELSE moment END, '', %(inviter)s::uuid, %(inviter)s::uuid,
        'Owner', moment, moment
    FROM given
    RETURNING id, email, created_at
), emailed AS (
    INSERT INTO invitations_email (
        id, invitation_id, kind, recipient, generation, message_id, state, attempts, response, reason, sent_at,
        due_at, created_at, updated_at
    )
    SELECT bench_uuid7(created_at), id, 'invitation', email, 1, '<' || id || '@example.com>', 'sent', 1, '250 OK', '',
        created_at, NULL, created_at, created_at
    FROM invited
)
INSERT INTO events_event (
    id, kind, organization_id, number, actor_id, actor_method, subject_type, subject_id, data, created_at
)
SELECT bench_uuid7(created_at), 'invitation.created', %(organization)s::uuid,
    ROW_NUMBER() OVER (ORDER BY created_at)
        + (SELECT COALESCE(MAX(number), 0) FROM events_event WHERE organization_id = %(organization)s::uuid),
    %(inviter)s::uuid, 'session', 'invitation', id, '{"role_id": "00000000-0000-7000-8000-000000000004"}', created_at
FROM invited
"""


def seed() -> None:
    """Fill the empty database and collect the statistics for the planner."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FUNCTION)
        organizations = [o for size in SIZES for o in seed_organizations(size)]
        receiver = person("receiver@example.com")
        invite(organizations[-RECEIVED:], [str(receiver.email)])
        middle = [organization for organization in organizations if organization.slug == "middle-0"]
        for server in ("service", "reference"):
            invite(middle, [f"accepting-{server}-{number}@example.com" for number in range(GUESTS)])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def seed_organizations(size: Size) -> list[Organization]:
    """Create the organizations of one size with their invitations."""
    return [seed_organization(f"{size.name}-{number}", size) for number in range(size.organizations)]


def seed_organization(slug: str, size: Size) -> Organization:
    """Create an organization with an owner, four members, a workspace and its invitations."""
    organization = Organization.objects.create(slug=slug, name=slug.capitalize())
    units: dict[str, Any] = {
        kind.value: Unit.objects.create(organization=organization, kind=kind, slug=kind, name=kind.capitalize()).pk
        for kind in (Unit.Kind.WORKSPACE, Unit.Kind.APPLICATION)
    }
    owner = person(f"owner@{slug}.example.com")
    join(organization, owner, OWNER_ROLE)
    for number in range(4):
        join(organization, person(f"member-{number}@{slug}.example.com"), VIEWER_ROLE)
    everywhere = {**units, "unit_role": UNIT_EDITOR_ROLE}
    insert(organization, owner, NUMBERED, {**everywhere, "count": size.pending, "status": "pending"})
    insert(organization, owner, NUMBERED, {**everywhere, "count": size.finished, "status": "expired"})
    return organization


def insert(organization: Organization, inviter: User, address: str, values: dict[str, Any]) -> None:
    """Insert invitations of the organization. ``address`` is an SQL expression for the email address."""
    common: dict[str, Any] = {
        "organization": organization.pk,
        "slug": organization.slug,
        "inviter": inviter.pk,
        "role": VIEWER_ROLE,
    }
    with connection.cursor() as cursor:
        cursor.execute(INVITATIONS.replace("{address}", address), {**common, **values})


def person(address: str) -> User:
    """Create a person with a verified address and no password."""
    user = User.objects.create(email=address, first_name=address.partition("@")[0], password="!")  # noqa: S106
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


def join(organization: Organization, user: User, role_id: uuid.UUID) -> Membership:
    """Make the person a member."""
    membership = Membership.objects.create(organization=organization, user=user)
    RoleAssignment.objects.create(membership=membership, role=Role.objects.get(pk=role_id))
    return membership


def invite(organizations: list[Organization], addresses: list[str]) -> None:
    """Invite each address into each organization, without a unit."""
    for organization in organizations:
        owner = User.objects.get(memberships__organization=organization, memberships__assignments__role_id=OWNER_ROLE)
        for address in addresses:
            if not User.objects.filter(email=address).exists():
                person(address)
            nowhere = {"workspace": None, "application": None, "unit_role": None, "count": 1, "status": "pending"}
            insert(organization, owner, "%(address)s::text", {**nowhere, "address": address})
