"""An address belongs to whoever has proven it."""

import pytest
from allauth.account.models import EmailAddress

from accounts.actions.address_ownership import drop_unproven_claims, is_proven
from accounts.models import User
from core.addresses import normalize_address
from tests.rows import make_person, prove_address

pytestmark = pytest.mark.django_db
ADDRESS = "guest@example.com"


def test_an_unproven_address_proves_nothing():
    prove_address(make_person("stranger"), ADDRESS, verified=False)

    assert is_proven(normalize_address(ADDRESS)) is False


def test_a_proven_address_stays_with_its_account():
    guest = make_person("guest")

    drop_unproven_claims(normalize_address(ADDRESS))

    guest.refresh_from_db()
    assert (guest.email, is_proven(normalize_address(ADDRESS))) == (ADDRESS, True)


def test_unproven_claims_give_way_and_nothing_else_does():
    claimant, squatter = make_person("stranger"), User.objects.create_user(ADDRESS)
    prove_address(claimant, ADDRESS, verified=False)
    prove_address(squatter, ADDRESS, verified=False)

    drop_unproven_claims(normalize_address(ADDRESS))

    squatter.refresh_from_db()
    assert squatter.email is None
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["stranger@example.com"]
