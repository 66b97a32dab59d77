"""The settings of test runs. Only the database comes from the environment.

`TEST_DATABASE_URL` is a PostgreSQL server. The default is an SQLite file, as threads cannot share an in-memory
database.
"""

import os

from perfectworks.environment import Environment, Variables

TEST_DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")

Environment.ENVIRON = Variables({"DEBUG": "1", "DATABASE_URL": TEST_DATABASE_URL})

from perfectworks.settings import *  # noqa: E402, F403
from perfectworks.settings import DATABASES, SQLITE_OPTIONS, VAR_DIR  # noqa: E402

# Nothing here outlives a power failure, so that no commit waits for the disk. A killed process loses nothing by it.
database = DATABASES["default"]
if TEST_DATABASE_URL:
    database["ENGINE"] = "tests.postgresql"
    database["OPTIONS"]["options"] = f"{database['OPTIONS'].get('options', '')} -c synchronous_commit=off".strip()
else:
    database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    database["OPTIONS"] |= {"init_command": f"{SQLITE_OPTIONS['init_command']} PRAGMA synchronous=OFF;"}

# A fast password hash, as tests need no protection.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "accounts.hashers.GeneratedSecretHasher"]
