"""`manage.py database_roles`: print or run the SQL that creates the service's two roles in PostgreSQL."""

from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import BaseCommand, CommandError

from perfectworks.database_roles import DatabaseRoles


class Command(BaseCommand):
    """Print the SQL, without passwords, or run it as a superuser."""

    help = (
        "Print the SQL for the owner (DATABASE_OWNER_URL), who runs migrations, and for the runtime role "
        "(DATABASE_URL), which only reads and writes rows. With --run, run it as the superuser in DATABASE_ADMIN_URL."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--run``."""
        parser.add_argument("--run", action="store_true", help="Run the SQL and set the passwords of the two URLs.")

    def handle(self, *args: Any, run: bool = False, **options: Any) -> None:
        """Print or run the SQL. Raises CommandError if a URL is missing or the server refuses."""
        try:
            roles = DatabaseRoles.from_urls(settings.DATABASE_URL, settings.DATABASE_OWNER_URL)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if run:
            self.create(roles)
        else:
            for statement in roles.statements():
                self.stdout.write(f"{statement};")
            self.stdout.write(
                f"-- Then set the passwords, in psql: \\password {roles.owner} and \\password {roles.runtime}"
            )

    def create(self, roles: DatabaseRoles) -> None:
        """Run the SQL in one transaction."""
        if not settings.DATABASE_ADMIN_URL:
            raise CommandError("Set DATABASE_ADMIN_URL to the URL of a superuser: postgres://postgres:…@host/database.")
        try:
            with psycopg.connect(settings.DATABASE_ADMIN_URL, dbname=roles.database) as connection:
                roles.create(connection)
        except psycopg.Error as error:
            raise CommandError(f"PostgreSQL refuses: {error}") from error
        self.stdout.write(f"The owner is {roles.owner}, the runtime role is {roles.runtime}.")
