"""Count the work of a request: password hashes, emails, and each query by its verb and table."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from tests.support.outbox import account_emails
from tests.support.queries import TRANSACTION, summary

CURSOR = re.compile(r"^DECLARE \S+ NO SCROLL CURSOR FOR ")  # PostgreSQL reads some results in chunks


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed."""

    algorithm = "counted"
    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashed += 1
        return f"{self.algorithm}${super().encode(password, salt).partition('$')[2]}"


@contextmanager
def counted_work() -> Iterator[Counter[str]]:
    """Count the work of the block. Transactions and savepoints are not counted."""
    work: Counter[str] = Counter()
    hashers: list[Any] = [f"{__name__}.CountingHasher"]
    hashed, emails = CountingHasher.hashed, len(account_emails())
    with override_settings(PASSWORD_HASHERS=hashers), CaptureQueriesContext(connection) as captured:
        yield work
    statements = [CURSOR.sub("", query["sql"]) for query in captured.captured_queries]
    work.update(summary(sql) for sql in statements if not sql.startswith(TRANSACTION))
    work.update(hashes=CountingHasher.hashed - hashed, emails=len(account_emails()) - emails)
