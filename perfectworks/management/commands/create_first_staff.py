"""``manage.py create_first_staff``: create the first superuser from the environment."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.actions.account_emails import request_account_email
from accounts.actions.address_ownership import account_of
from accounts.email.models import AccountEmail
from accounts.models import User
from core.addresses import Address
from perfectworks.management.lookups import explain_refusal, read_address


class Command(BaseCommand):
    """Create the superuser, unless there is one. It never changes an account."""

    help = (
        "Create a superuser with FIRST_STAFF_EMAIL and FIRST_STAFF_PASSWORD, if there is no superuser. Without a "
        "password, the person gets an email with a link to choose one. Can be run at each start."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``."""
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it, and say what was done. Raises CommandError if the address has an account or is not valid."""
        reason = reason_against_it()
        text = reason or create(read_address(settings.FIRST_STAFF_EMAIL), settings.FIRST_STAFF_PASSWORD)
        self.stdout.write(json.dumps({"created": not reason, "text": text}) if options["json"] else text)


def reason_against_it() -> str:
    """Return why no account is created, or ""."""
    if not settings.FIRST_STAFF_EMAIL:
        return "FIRST_STAFF_EMAIL is not set. No account was created."
    exists = User.objects.filter(is_superuser=True, is_active=True).exists()
    return "There is a superuser. No account was created." if exists else ""


def create(address: Address, password: str) -> str:
    """Create the superuser. Return what was done. Raises CommandError."""
    if account_of(address) is not None:
        raise CommandError(f"{address} has an account that is not a superuser. Set another FIRST_STAFF_EMAIL.")
    try:
        with transaction.atomic():
            user = User.objects.create_superuser(address, password or None)
            if not password:
                request_account_email(AccountEmail.Purpose.PASSWORD_RESET_KEY, address, user=user)
    except ValidationError as error:
        raise explain_refusal(error) from error
    how = "signs in with FIRST_STAFF_PASSWORD" if password else "gets an email with a link to choose a password"
    return f"Created the superuser {address}, who {how}."
