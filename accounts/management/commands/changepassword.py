"""``manage.py changepassword``: Django's command, with an event for the new password."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.actions.passwords import change_password
from accounts.models import User
from accounts.principals import SERVICE

MAX_TRIES = 3


class Command(changepassword.Command):
    """Ask for a new password twice, and save it."""

    help = "Change a user's password. This ends the user's sessions."

    def handle(self, *args: Any, **options: Any) -> str:
        """Change the password of the user with this address. Raises CommandError, as Django's command does."""
        address = options["username"] or getpass.getuser()
        user = User.objects.using(options["database"]).filter(email=address).first()
        if user is None:
            raise CommandError(f"user '{address}' does not exist")
        self.stdout.write(f"Changing password for user '{user}'")
        change_password(by=SERVICE, user=user, password=self._ask(user))
        return f"Password changed successfully for user '{user}'"

    def _ask(self, user: User) -> str:
        for _ in range(MAX_TRIES):
            password = getpass.getpass(prompt="Password: ")
            if not password:
                raise CommandError("aborted")
            if password != getpass.getpass(prompt="Password (again): "):
                self.stdout.write("Passwords do not match. Please try again.")
                continue
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
                continue
            return password
        raise CommandError(f"Aborting password change for user '{user}' after {MAX_TRIES} attempts")
