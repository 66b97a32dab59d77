"""Test that every API accepts only the JSON values `true` and `false` for a boolean in a request body."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework import serializers

from core.api.serializers import HouseSerializer, StrictBooleanField


class SwitchSerializer(HouseSerializer):
    is_on = StrictBooleanField(required=False)


def bodies(patterns: Any) -> Iterator[tuple[str, Any]]:
    """Return the serializer of the request body for each routed operation."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from bodies(pattern.url_patterns)
        elif hasattr(pattern.callback, "actions"):
            view = pattern.callback.cls
            for action in pattern.callback.actions.values():
                yield f"{view.resource}.{action}", getattr(view, action).operation.body


def booleans(body: Any) -> Iterator[tuple[str, Any]]:
    """Return the boolean fields of a serializer, including nested fields."""
    for name, field in body(context={}).fields.items():
        if isinstance(field, serializers.BooleanField) and not field.read_only:
            yield name, field


BOOLEANS = {
    f"{operation}: {name}": field
    for operation, body in bodies(get_resolver().url_patterns)
    if body is not None
    for name, field in booleans(body)
}


def test_there_are_some():
    assert {"organization_invitations.create: force", "upsun_invitations.create: force"} <= BOOLEANS.keys()


@pytest.mark.parametrize("field", BOOLEANS.values(), ids=BOOLEANS)
def test_every_boolean_of_a_body_is_strict(field):
    assert isinstance(field, StrictBooleanField)


@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_read(value):
    switch = SwitchSerializer(data={"isOn": value})
    assert switch.is_valid()
    assert switch.validated_data == {"is_on": value}


@pytest.mark.parametrize("value", ["true", "false", "yes", "on", "", "1", 1, 0, 1.0, [True], {}])
def test_nothing_else_is(value):
    switch = SwitchSerializer(data={"isOn": value})
    assert not switch.is_valid()
    assert switch.errors == {"isOn": ["Must be a valid boolean."]}
