"""An address belongs to the user who has verified it."""

import pytest
from allauth.account.models import EmailAddress

from accounts.actions.address_ownership import drop_unverified_addresses, verified_owner
from core.addresses import normalize_address
from tests.factories import EmailAddressFactory, UserFactory

pytestmark = pytest.mark.django_db
ADDRESS = "guest@example.com"


def test_an_unproven_address_proves_nothing():
    EmailAddressFactory.create(user=UserFactory.create(email="stranger@example.com"), email=ADDRESS, verified=False)

    assert verified_owner(normalize_address(ADDRESS)) is None


def test_a_proven_address_stays_with_its_account():
    guest = UserFactory.create(email="guest@example.com")

    drop_unverified_addresses(normalize_address(ADDRESS))

    guest.refresh_from_db()
    assert (guest.email, verified_owner(normalize_address(ADDRESS))) == (ADDRESS, guest)


def test_unproven_claims_give_way_and_nothing_else_does():
    former_owner = UserFactory.create(email="stranger@example.com")
    squatter = UserFactory.create(email=ADDRESS, email_address=None)
    EmailAddressFactory.create(user=former_owner, email=ADDRESS, verified=False)
    EmailAddressFactory.create(user=squatter, email=ADDRESS, verified=False)

    drop_unverified_addresses(normalize_address(ADDRESS))

    squatter.refresh_from_db()
    assert squatter.email is None
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["stranger@example.com"]
