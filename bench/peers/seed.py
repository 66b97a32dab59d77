"""The rows of better-auth: as few organizations as the measured requests need, with the sizes of ``bench.seed``."""

import psycopg

from bench.database import url_of
from bench.seed import GUESTS, RECEIVED, SIZES

ROWS = 20  # better-auth has no pages: the list of a small organization has as many rows as a page of the service
MIDDLE = next(size.pending for size in SIZES if size.name == "middle")
# better-auth makes random IDs and tokens of 32 characters.
PERSON = """
WITH person AS (
    INSERT INTO "user" (id, name, email, "emailVerified")
    SELECT md5(random()::text), name, name || '@example.com', true FROM unnest(%(names)s::text[]) AS name
    RETURNING id
)
INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt")
SELECT md5(random()::text), md5(random()::text), id, now() + interval '7 days', now() FROM person
"""
ORGANIZATION = """
WITH organization AS (
    INSERT INTO organization (id, name, slug, "createdAt")
    SELECT md5(random()::text), initcap(slug), slug, now() FROM unnest(%(slugs)s::text[]) AS slug
    RETURNING id
)
INSERT INTO member (id, "organizationId", "userId", role, "createdAt")
SELECT md5(random()::text), organization.id, "user".id, 'owner', now() FROM organization, "user" WHERE name = 'owner'
"""
# One invitation a minute until now, as in ``bench.seed``.
INVITATIONS = """
INSERT INTO invitation (id, "organizationId", email, role, status, "expiresAt", "createdAt", "inviterId")
SELECT md5(random()::text), organization.id, replace(%(name)s, '#', n || '-' || slug) || '@example.com', 'member',
    'pending', now() + interval '3650 days', now() - n * interval '1 minute', "userId"
FROM generate_series(1, %(count)s) AS n, organization JOIN member ON "organizationId" = organization.id
WHERE slug = ANY(%(slugs)s)
"""


def seed_better_auth(database: str) -> None:
    """Fill the empty tables and collect the statistics for the planner."""
    small = [f"small-{number}" for number in range(RECEIVED)]
    guests = [f"accepting-{number}-middle-0" for number in range(1, GUESTS + 1)]
    with psycopg.connect(url_of(database), autocommit=True) as connection:
        connection.execute(PERSON, {"names": ["owner", "receiver", *guests]})
        connection.execute(ORGANIZATION, {"slugs": ["middle-0", *small]})
        connection.execute(INVITATIONS, {"slugs": ["middle-0"], "name": "guest-#", "count": MIDDLE})
        connection.execute(INVITATIONS, {"slugs": ["middle-0"], "name": "accepting-#", "count": GUESTS})
        connection.execute(INVITATIONS, {"slugs": small, "name": "guest-#", "count": ROWS - 1})
        connection.execute(INVITATIONS, {"slugs": small, "name": "receiver", "count": 1})
        connection.execute("VACUUM (ANALYZE)")
