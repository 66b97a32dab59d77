"""The user model: verified addresses, system users without an address, and constraints."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions.address_ownership import verified_owner
from accounts.models import ExternalIdentity, User
from core.addresses import normalize_address
from tests.factories import EmailAddressFactory

pytestmark = pytest.mark.django_db


def test_a_created_user_has_an_unverified_address():
    user = User.objects.create_user("Owner@Example.com", "secret", first_name="Olga")
    assert (user.email, user.first_name, user.kind, user.is_active) == ("owner@example.com", "Olga", "client", True)
    assert (user.is_staff, user.is_superuser, user.deleted_at) == (False, False, None)
    assert user.check_password("secret")
    assert user.verified_addresses() == set()


def test_without_a_password_nobody_can_sign_in_by_one():
    assert not User.objects.create_user("owner@example.com").has_usable_password()


def test_commands_and_issuers_make_verified_users():
    user = User.objects.create_verified_user("Owner@Example.com")
    assert list(EmailAddress.objects.values("user", "email", "verified", "primary")) == [
        {"user": user.pk, "email": "owner@example.com", "verified": True, "primary": True}
    ]
    assert user.verified_addresses() == {"owner@example.com"}


def test_a_superuser_is_staff_and_can_sign_in_at_once():
    user = User.objects.create_superuser("owner@example.com", "a calm and long phrase")
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert user.verified_addresses() == {"owner@example.com"}


@pytest.mark.parametrize(
    ("email", "fields", "named"),
    [
        ("no address", {}, "email"),
        ("owner@example.com", {"first_name": "a\nb"}, "first_name"),
        ("owner@example.com", {"first_name": "\u202eb"}, "first_name"),
        ("owner@example.com", {"last_name": "\u200b"}, "last_name"),
        ("owner@example.com", {"last_name": "x" * 129}, "last_name"),
        ("owner@example.com", {"avatar_url": "javascript:alert(1)"}, "avatar_url"),
        ("owner@example.com", {"kind": "robot"}, "kind"),
    ],
)
def test_a_user_is_not_created_from_what_breaks_a_rule(email: str, fields: dict[str, Any], named: str):
    with pytest.raises(ValidationError) as refusal:
        User.objects.create_user(email, **fields)
    assert named in refusal.value.message_dict
    assert not User.objects.exists()


def test_an_address_belongs_to_one_user():
    User.objects.create_user("owner@example.com")
    with pytest.raises(ValidationError) as refusal:
        User.objects.create_user("OWNER@example.com")
    assert list(refusal.value.message_dict) == ["email"]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"first_name": "Olga", "last_name": "Owner"}, "Olga Owner"),
        ({"last_name": "Owner"}, "Owner"),
        ({}, "owner@example.com"),
        ({"email": None}, "Unnamed user"),
        ({"email": None, "kind": "system"}, "System user"),
    ],
)
def test_a_name_to_show_is_never_empty(names: dict[str, Any], shown: str):
    user = User(**{"email": "owner@example.com"} | names)
    assert (user.display_name, str(user)) == (shown, shown)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"deleted_at": timezone.now(), "is_active": True}, "user_deleted_is_inactive"),
        ({"kind": "system", "email": "robot@example.com"}, "user_system_has_no_address"),
        ({"kind": "robot"}, "user_kind_known"),
    ],
)
def test_what_is_never_in_the_database(values: dict[str, Any], constraint: str):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.create(**values)


def test_only_verified_addresses_count_as_proven(owner: User):
    EmailAddressFactory.create(user=owner, email="second@example.com")
    EmailAddressFactory.create(user=owner, email="third@example.com", verified=False)
    assert owner.verified_addresses() == {"owner@example.com", "second@example.com"}
    assert verified_owner(normalize_address("second@example.com")) == owner
    assert verified_owner(normalize_address("third@example.com")) is None
    assert verified_owner(normalize_address("nobody@example.com")) is None


def test_an_address_is_proven_by_one_user_only(owner: User, stranger: User):
    EmailAddressFactory.create(user=stranger, email="shared@example.com", verified=False)
    EmailAddressFactory.create(user=owner, email="shared@example.com")
    assert verified_owner(normalize_address("shared@example.com")) == owner
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.filter(user=stranger).update(verified=True, email="shared@example.com")


def test_one_subject_of_an_issuer_is_one_user_and_a_user_has_one_subject_there(owner: User, stranger: User):
    issuer = "https://issuer.example"
    identity = ExternalIdentity.objects.create(user=owner, issuer=issuer, subject="1")
    assert str(identity) == "1 at https://issuer.example"
    ExternalIdentity.objects.create(user=owner, issuer="https://other.example", subject="1")
    for user, subject in ((stranger, "1"), (owner, "2")):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExternalIdentity.objects.create(user=user, issuer=issuer, subject=subject)
