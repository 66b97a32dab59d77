"""Test that every error that a visitor can cause has a page."""

import pytest
from django.template.loader import get_template

from core.errors import DomainError
from invitations import refusals

TO_THE_ORGANIZATION = {"already_invited", "expires_later", "grant_gone", "invitee_erased", "same_address"}
CODES = {
    kind.code
    for kind in vars(refusals).values()
    if isinstance(kind, type) and issubclass(kind, DomainError) and kind.__module__ == refusals.__name__
}


@pytest.mark.parametrize("code", sorted(CODES - TO_THE_ORGANIZATION))
def test_a_refusal_has_a_page(code):
    assert get_template(f"invitations/{code}.html")


def test_there_are_refusals():
    assert len(CODES) > len(TO_THE_ORGANIZATION) + 10
