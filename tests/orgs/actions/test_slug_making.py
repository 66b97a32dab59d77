"""Slugs made from names are valid and unique."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.principals import Method, Principal
from orgs.actions import units
from orgs.actions.organizations import create_organization
from orgs.actions.saving import SlugTaken
from orgs.models import Organization, Unit
from orgs.slugs import distinct_slug, slug_from, validate_slug
from tests.factories import UserFactory


@pytest.fixture
def founder(db) -> Principal:
    return Principal(user=UserFactory.create(email="owner@example.com"), method=Method.SESSION)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Riverside", "riverside"),
        ("Riverside & Sons, Ltd.", "riverside-sons-ltd"),
        ("Ünïtéd_Räilway", "united-railway"),
        ("-- three --", "three"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Zażółć gęślą jaźń", "zazolc-gesla-jazn"),
        ("Αθήνα", "athina"),
        ("Москва", "moskva"),
        ("東京", "dongjing"),
        ("서울", "seoul"),
        ("हिन्दी", "hindi"),
        ("تهران", "thrn"),
        ("Cafe\u0301 🎉 Ltd", "cafe-ltd"),
        ("x" * 256, "x" * 128),
    ],
)
def test_a_slug_is_the_name_in_ascii(name: str, slug: str):
    assert slug_from(name) == slug


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("AB", "ab-[0-9a-f]{6}"),
        ("🎉", "unnamed-[0-9a-f]{6}"),
        ("f" * 24, "f{24}-[0-9a-f]{6}"),
        ("0198c0de-0000-7000-8000-000000000000", "0198c0de-0000-7000-8000-000000000000-[0-9a-f]{6}"),
    ],
)
def test_names_that_make_no_slug_get_a_random_suffix(name: str, form: str):
    assert re.fullmatch(form, slug_from(name))


@given(st.text(max_size=256))
def test_every_name_gets_a_slug(name: str):
    slug = slug_from(name)
    validate_slug(slug)
    validate_slug(distinct_slug(slug))


def test_a_repeated_name_gets_a_random_suffix(founder: Principal):
    first = create_organization(by=founder, name="Riverside")
    second = create_organization(by=founder, name="Riverside")

    assert first.slug == "riverside"
    assert re.fullmatch("riverside-[0-9a-f]{6}", second.slug)


def test_a_given_slug_is_never_changed(founder: Principal):
    create_organization(by=founder, name="Riverside")

    with pytest.raises(SlugTaken):
        create_organization(by=founder, name="Another", slug="riverside")

    assert Organization.objects.count() == 1


def test_workspaces_and_applications_may_share_a_slug(founder: Principal):
    organization = create_organization(by=founder, name="Riverside")
    made = [
        units.create_unit(by=founder, organization_id=organization.pk, kind=kind, name="Design")
        for kind in (Unit.Kind.WORKSPACE, Unit.Kind.APPLICATION, Unit.Kind.WORKSPACE)
    ]

    assert [unit.slug for unit in made[:2]] == ["design", "design"]
    assert re.fullmatch("design-[0-9a-f]{6}", made[2].slug)
