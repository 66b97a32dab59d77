"""The address column: every write and every lookup normalizes the address."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from core.address_fields import AddressField

pytestmark = pytest.mark.django_db


def stored_addresses() -> list[str]:
    """Return the addresses as they are stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT email FROM accounts_user ORDER BY email")
        return [address for (address,) in cursor.fetchall()]


def test_every_way_of_saving_normalizes():
    User.objects.create(email="One@Example.com")
    User(email="TWO@bücher.example").save()
    User.objects.create_user("Three@EXAMPLE.com")
    User.objects.bulk_create([User(email="Four@Example.com")])
    fifth = User.objects.create(email="five@example.com")
    User.objects.filter(pk=fifth.pk).update(email="FIVE+Tag@example.com")
    assert stored_addresses() == [
        "five+tag@example.com",
        "four@example.com",
        "one@example.com",
        "three@example.com",
        "two@xn--bcher-kva.example",
    ]


def test_the_saved_object_shows_what_was_stored():
    user = User(email="Owner@Example.com")
    user.save()
    assert user.email == "owner@example.com"


def test_look_ups_normalize_and_what_is_no_address_finds_nothing():
    user = User.objects.create(email="owner@bücher.example")
    assert User.objects.get(email="OWNER@Bücher.example") == user
    assert User.objects.filter(email__in=["Owner@xn--bcher-kva.example"]).get() == user
    for text in ("", "owner", "own%@bücher.example", "owner@bucher.example"):
        assert not User.objects.filter(email=text).exists()


def test_two_representations_are_one_address():
    User.objects.create(email="owner@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="OWNER@EXAMPLE.COM")


@pytest.mark.parametrize("text", ["no address", "ſam@example.com", "a@b", "a@exam\nple.com"])
def test_what_is_no_address_is_not_stored(text: str):
    with pytest.raises(ValidationError), transaction.atomic():
        User(email=text).save()
    assert stored_addresses() == []


def test_an_empty_text_is_no_address_and_no_ones():
    User.objects.create(email="")
    User.objects.create(email="")
    assert stored_addresses() == [None, None]
    assert not User.objects.filter(email="").exists()


def test_the_length_is_no_choice():
    field = AddressField(max_length=10)
    assert field.max_length == 254
    assert field.deconstruct()[3] == {}
