"""Test the validation of URLs in every database column and every API."""

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from rest_framework import serializers

from core.web_addresses import WebAddressField
from orgs.api.fields import WebAddressSerializerField as ForRequests
from tests.support.packages import APPS

WRONG = (
    "ftp://example.com/",
    "ftps://example.com/",
    "javascript:alert(1)",
    "//example.com/",
    "example.com",
    "https://example.com/\u202egnp.exe",
    "https://example\u3000.com/",
    "https://example.com/".ljust(2049, "x"),
)


RIGHT = ("", "http://example.com/hill", "https://example.com/a.png?size=2#top", "https://example.com/".ljust(2048, "x"))


@pytest.mark.parametrize("right", RIGHT)
def test_a_web_address_or_none(right: str) -> None:
    assert WebAddressField().clean(right, None) == right
    assert ForRequests().run_validation(right) == right


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_else_is_one(wrong: str) -> None:
    with pytest.raises(ValidationError):
        WebAddressField().clean(wrong, None)
    with pytest.raises(serializers.ValidationError):
        ForRequests().run_validation(wrong)


def test_every_column_for_one_keeps_the_rule() -> None:
    ours = [model for model in apps.get_models() if model._meta.app_label in APPS]
    columns = [field for model in ours for field in model._meta.fields if isinstance(field, models.URLField)]

    assert sorted(column.name for column in columns) == [
        *("avatar_url", "continue_url", "logo_url", "picture_url", "url", "website"),
    ]
    assert {type(column) for column in columns} == {WebAddressField}
