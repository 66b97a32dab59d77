"""The settings of test runs. Only the database URL comes from the environment.

`TEST_DATABASE_URL` is the URL of a PostgreSQL server. The default is an SQLite file, because threads cannot share an
in-memory database.
"""

import os

from perfectworks.environment import Environment, Variables

TEST_DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")

Environment.ENVIRON = Variables({"DEBUG": "1", "DATABASE_URL": TEST_DATABASE_URL})

from perfectworks.settings import *  # noqa: E402, F403
from perfectworks.settings import DATABASES, SQLITE_OPTIONS, VAR_DIR  # noqa: E402

# Commits do not wait for the disk. Test data may be lost in a power failure, but not when a process is killed.
database = DATABASES["default"]
if TEST_DATABASE_URL:
    database["ENGINE"] = "tests.postgresql"
    database["OPTIONS"]["options"] = f"{database['OPTIONS'].get('options', '')} -c synchronous_commit=off".strip()
else:
    database["ENGINE"] = "tests.sqlite"
    database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    database["OPTIONS"] |= {"init_command": f"{SQLITE_OPTIONS['init_command']} PRAGMA synchronous=OFF;"}

# Use a fast password hash, because test passwords need no protection.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "accounts.hashers.GeneratedSecretHasher"]
