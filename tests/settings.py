"""The settings of test runs. Only the database comes from the environment.

`TEST_DATABASE_URL` is a PostgreSQL server. The default is an SQLite file, as threads cannot share an in-memory
database.
"""

import os

from perfectworks.environment import Environment, Variables

TEST_DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")

Environment.ENVIRON = Variables({"DEBUG": "1", "DATABASE_URL": TEST_DATABASE_URL})

from perfectworks.settings import *  # noqa: E402, F403
from perfectworks.settings import DATABASES, VAR_DIR  # noqa: E402

if not TEST_DATABASE_URL:
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}

# A fast password hash, as tests need no protection.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "accounts.hashers.GeneratedSecretHasher"]
