"""The two roles of the service in PostgreSQL: the owner runs migrations, the runtime role only reads and writes rows.

A stolen credential of the web server then cannot change the schema, read other databases or run programs on the server.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

_CREATE = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {%s_name}) THEN CREATE ROLE {%s}; END IF; END $$"
)
_RESTRICT = "ALTER ROLE {%s} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
_ROWS = "SELECT, INSERT, UPDATE, DELETE ON"
_COUNTERS = "USAGE, SELECT, UPDATE ON"
TEMPLATES = (
    # Otherwise the server could lose its only superuser.
    "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolsuper AND rolname IN ({owner_name}, {runtime_name})) THEN"
    " RAISE EXCEPTION 'The owner and the runtime role must not be superusers. Choose other names.'; END IF; END $$",
    _CREATE % ("owner", "owner"),
    _CREATE % ("runtime", "runtime"),
    _RESTRICT % "owner",
    _RESTRICT % "runtime",
    # Only these two roles may connect, and only the owner may create anything.
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {owner}",
    "GRANT CONNECT ON DATABASE {database} TO {runtime}",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "REVOKE ALL ON SCHEMA public FROM {runtime}",
    "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
    "GRANT USAGE ON SCHEMA public TO {runtime}",
    # Tables of an earlier installation get the new owner; their sequences follow them.
    "DO $$ DECLARE name regclass; BEGIN FOR name IN"
    " SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p') AND relowner <> {owner_name}::regrole"
    " LOOP EXECUTE format('ALTER TABLE %s OWNER TO %I', name, {owner_name}); END LOOP; END $$",
    f"GRANT {_ROWS} ALL TABLES IN SCHEMA public TO {{runtime}}",
    f"GRANT {_COUNTERS} ALL SEQUENCES IN SCHEMA public TO {{runtime}}",
    # The same for everything that later migrations create.
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} IN SCHEMA public GRANT {_ROWS} TABLES TO {{runtime}}",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} IN SCHEMA public GRANT {_COUNTERS} SEQUENCES TO {{runtime}}",
)


@dataclass(frozen=True)
class DatabaseRoles:
    """The names of the roles and of the database, with the passwords that the service uses."""

    database: str
    owner: str
    owner_password: str
    runtime: str
    runtime_password: str

    @classmethod
    def from_urls(cls, runtime_url: str, owner_url: str) -> "DatabaseRoles":
        """Return the roles that these URLs name. Raises ValueError if they are not two roles in one database.

        A URL without a password is for servers that identify roles in another way. An empty password is a mistake.
        """
        runtime, owner = urlsplit(runtime_url), urlsplit(owner_url)
        if not all(url.scheme.startswith("postgres") and url.username for url in (runtime, owner)):
            raise ValueError("DATABASE_URL and DATABASE_OWNER_URL must be postgres://user:password@host/database.")
        if runtime.path != owner.path or runtime.username == owner.username:
            raise ValueError("DATABASE_URL and DATABASE_OWNER_URL must name one database and two roles.")
        for name, url in (("DATABASE_URL", runtime), ("DATABASE_OWNER_URL", owner)):
            if url.password == "":
                raise ValueError(
                    f"The password in {name} is empty. compose.yaml takes it from POSTGRES_RUNTIME_PASSWORD or "
                    "POSTGRES_OWNER_PASSWORD in .env."
                )
        parts = (runtime.path.strip("/"), owner.username, owner.password, runtime.username, runtime.password)
        return cls(*(unquote(part or "") for part in parts))

    def statements(self) -> list[str]:
        """Return the SQL, without passwords. Running it again changes nothing."""
        names = {
            "database": sql.Identifier(self.database),
            "owner": sql.Identifier(self.owner),
            "runtime": sql.Identifier(self.runtime),
            "owner_name": sql.Literal(self.owner),
            "runtime_name": sql.Literal(self.runtime),
        }
        return [sql.SQL(template).format(**names).as_string() for template in TEMPLATES]

    def create(self, connection: psycopg.Connection) -> None:
        """Create the roles, or bring them up to date, as a superuser. The server gets only hashes of the passwords."""
        with connection.transaction():
            for statement in self.statements():
                connection.execute(statement.encode())
            for role, password in ((self.owner, self.owner_password), (self.runtime, self.runtime_password)):
                if password:
                    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
                    connection.execute(
                        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed.decode()))
                    )
