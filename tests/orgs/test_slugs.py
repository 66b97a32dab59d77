"""Slugs match the patterns of all vendors' API documents and do not look like ids."""

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from core.ids import to_oid, uuid7
from orgs.models import Organization, Unit
from orgs.slugs import validate_slug

DOCUMENTED = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9-]+[a-zA-Z0-9]$", re.ASCII)  # Applivery's targetInfo.slug
DOCUMENTED_ID = re.compile(r"^[a-fA-F0-9]{24}$", re.ASCII)  # every id in Applivery's document


def is_slug(text: str) -> bool:
    try:
        validate_slug(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("slug", ["abc", "a-b", "a--b", "0-0", "123", "x" * 128, "f" * 23, "f" * 25])
def test_valid_slugs(slug: str):
    assert is_slug(slug)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab",
        "-abc",
        "abc-",
        "!!abc",
        "Abc",
        "abC",
        "a_b",
        "a.b",
        "a b",
        "abc\n",
        "\nabc",
        "abc\x00",
        "straße",
        "\uff41bc",
        "١٢٣",
        "x" * 129,
        "f" * 24,
        "0123456789abcdef01234567",
        "0198c0de-0000-7000-8000-000000000000",
    ],
)
def test_invalid_slugs(text: str):
    assert not is_slug(text)


@given(st.text(max_size=140))
@example("!!abc")
@example("Xabc")
def test_every_valid_slug_matches_the_documents(text: str):
    if is_slug(text):
        assert DOCUMENTED.fullmatch(text)
        assert 3 <= len(text) <= 128
        assert text == text.lower()


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{1,126}[a-z0-9]", fullmatch=True))
def test_text_in_the_documented_form_that_is_not_an_id_is_a_slug(text: str):
    looks_like_a_uuid = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
    assert is_slug(text) is not bool(DOCUMENTED_ID.fullmatch(text) or looks_like_a_uuid)


def test_no_id_is_a_slug():
    key = uuid7()
    assert not is_slug(str(key))
    assert not is_slug(to_oid(key))


@pytest.mark.parametrize("model", [Organization, Unit])
def test_the_models_validate_slugs(model: type[Organization | Unit]):
    with pytest.raises(ValidationError) as refusal:
        model(name="Riverside", slug="!!abc").clean_fields(exclude={"organization", "kind"})
    assert refusal.value.message_dict == {
        "slug": ["Use 3 to 128 lower-case letters, digits and inner hyphens, and nothing that looks like an id."]
    }
