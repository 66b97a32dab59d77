"""Settings of the test run: the project's own, with only the database taken from the caller's environment.

`TEST_DATABASE_URL` names a PostgreSQL server; without it the tests run on an SQLite file, because threads
cannot share SQLite's memory database.
"""

import os

from perfectworks.environment import Environment, Variables

TEST_DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")

Environment.ENVIRON = Variables({"DEBUG": "1", "DATABASE_URL": TEST_DATABASE_URL})

from perfectworks.settings import *  # noqa: E402, F403
from perfectworks.settings import DATABASES, VAR_DIR  # noqa: E402

if not TEST_DATABASE_URL:
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}

# A slow password hash protects nobody here.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "accounts.hashers.GeneratedSecretHasher"]
