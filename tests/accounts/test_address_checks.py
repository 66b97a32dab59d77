"""Test that the database refuses addresses that are not normalized, in every column of addresses."""

import importlib

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from accounts.email.models import AccountEmail
from accounts.models import ExternalIdentity, User
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from tests.factories import (
    AccountEmailFactory,
    EmailAddressFactory,
    EmailFactory,
    ExternalIdentityFactory,
    InvitationFactory,
    OrganizationFactory,
    UserFactory,
    WebhookMessageFactory,
)
from webhooks.models import WebhookMessage

pytestmark = pytest.mark.django_db

COLUMNS = {
    "user": (User, "email", UserFactory),
    "address": (EmailAddress, "email", EmailAddressFactory),
    "identity": (ExternalIdentity, "ignored_address", ExternalIdentityFactory),
    "invitation": (Invitation, "email", InvitationFactory),
    "replies": (Organization, "reply_to", OrganizationFactory),
    "recipient": (Email, "recipient", EmailFactory),
    "account email": (AccountEmail, "recipient", AccountEmailFactory),
    "webhook message": (WebhookMessage, "address", WebhookMessageFactory),
}


def write(model: type[models.Model], column: str, key: object, text: str) -> None:
    """Write the text into the column, past all Python code that normalizes it."""
    table, name = (connection.ops.quote_name(part) for part in (model._meta.db_table, column))
    adapted = model._meta.pk.get_db_prep_value(key, connection)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {name} = %s WHERE id = %s", [text, adapted])


def test_every_column_of_addresses_is_tested():
    declared = {
        model for model in apps.get_models() if any(isinstance(f, models.EmailField) for f in model._meta.fields)
    }
    assert declared == {model for model, _, _ in COLUMNS.values()}


@pytest.mark.parametrize(
    "text", ["Ann@example.com", "ann@bücher.example", " ann@example.com", "ann@example.com\n", "ann", ""]
)
@pytest.mark.parametrize("name", COLUMNS)
def test_the_database_refuses_what_is_not_normalized(name: str, text: str):
    model, column, factory = COLUMNS[name]
    row = factory.create()

    with pytest.raises(IntegrityError):
        write(model, column, row.pk, text)


@pytest.mark.parametrize(
    "text", ["r&d%{}|~`'@xn--bcher-kva.example", "i@xn--e1afmkfd.xn--p1ai", "erased-1@erased.invalid"]
)
@pytest.mark.parametrize("name", COLUMNS)
def test_the_database_accepts_what_is_normalized(name: str, text: str):
    model, column, factory = COLUMNS[name]
    row = factory.create()

    write(model, column, row.pk, text)

    assert model.objects.filter(pk=row.pk).values_list(column, flat=True).get() == text


# Rows from before the constraint

normalize = importlib.import_module("accounts.migrations.0015_normalize_addresses").normalize
BUCHER = "ann@xn--bcher-kva.example"


@pytest.fixture
def no_check():
    """Switch the constraints off until the end of the test."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE account_emailaddress DROP CONSTRAINT account_emailaddress_normalized")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def rows_of(user: User) -> list[tuple[str, bool, bool]]:
    return list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary").order_by("email"))


def test_a_second_row_of_the_same_address_is_merged(no_check):
    user = UserFactory.create(email=BUCHER)
    EmailAddress.objects.filter(user=user).update(verified=False, primary=False)
    EmailAddressFactory.create(user=user, email="ann@bücher.example", verified=True, primary=True)

    normalize(apps, connection.schema_editor())

    assert rows_of(user) == [(BUCHER, True, True)]


def test_a_row_is_normalized_and_stays_as_verified_as_it_was(no_check, member, stranger):
    EmailAddressFactory.create(user=member, email="Ann@BÜCHER.example", verified=True)
    EmailAddressFactory.create(user=stranger, email="ann@bücher.example", verified=False)

    normalize(apps, connection.schema_editor())

    assert rows_of(member)[0] == (BUCHER, True, False)
    assert rows_of(stranger)[0] == (BUCHER, False, False)


def test_nobody_keeps_the_verified_address_of_another_account(no_check, member, stranger):
    EmailAddressFactory.create(user=member, email=BUCHER, verified=True)
    EmailAddressFactory.create(user=stranger, email="ann@bücher.example", verified=True)

    normalize(apps, connection.schema_editor())

    assert rows_of(member)[0] == (BUCHER, True, False)
    assert rows_of(stranger)[0] == (BUCHER, False, False)


def test_what_is_no_address_is_deleted(no_check, member):
    EmailAddressFactory.create(user=member, email="ü@example.com")

    normalize(apps, connection.schema_editor())

    assert rows_of(member) == [("member@example.com", True, True)]
