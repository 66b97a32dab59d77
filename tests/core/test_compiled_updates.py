"""Test updates that are compiled once."""

from uuid import UUID

import pytest
from django.db.models import CharField, F, UUIDField

from core.compiled_updates import CompiledUpdate
from orgs.models import Organization
from tests.support.queries import assert_queries

pytestmark = pytest.mark.django_db

RENAME = CompiledUpdate(
    lambda pk, name: (
        Organization.objects.filter(pk=pk, deleted_at__isnull=True),
        {"name": name, "slug": F("slug"), "default_role": None},
    ),
    pk=UUIDField(),
    name=CharField(),
)


def test_each_run_updates_the_rows_of_its_values(organization: Organization, other_organization: Organization):
    for renamed, name in ((organization, "First 100%"), (other_organization, "Second")):
        with assert_queries(update="UPDATE orgs_organization"):
            assert RENAME.run(pk=renamed.pk, name=name) == 1
        renamed.refresh_from_db()
        assert renamed.name == name


def test_no_row_is_updated_if_none_matches(organization: Organization):
    assert RENAME.run(pk=UUID(int=0), name="Nobody") == 0
    organization.refresh_from_db()
    assert organization.name == "Riverside"


def test_it_is_compiled_once(organization: Organization):
    RENAME.run(pk=organization.pk, name="First")
    compiled = RENAME.compiled
    RENAME.run(pk=organization.pk, name="Second")
    assert RENAME.compiled is compiled


def test_no_value_may_be_none(organization: Organization):
    with pytest.raises(ValueError, match="None"):
        RENAME.run(pk=organization.pk, name=None)
