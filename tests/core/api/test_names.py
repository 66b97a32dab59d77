"""Test the conversion of names to camelCase."""

import pytest

from core.api.names import AsSent, camel_case, camel_case_keys


@pytest.mark.parametrize(
    ("name", "converted"),
    [
        ("id", "id"),
        ("created_at", "createdAt"),
        ("invited_by.first_name", "invitedBy.firstName"),
        ("line_2", "line2"),
        ("createdAt", "createdAt"),
        ("_private", "_private"),
        ("filter[state]", "filter[state]"),
    ],
)
def test_names_are_converted_to_camel_case(name, converted):
    assert camel_case(name) == converted


def test_a_name_of_the_client_is_repeated_as_it_was_sent():
    assert camel_case(AsSent("logo_url")) == "logo_url"


def test_keys_are_converted_at_every_level_and_values_are_not():
    details = {"taken_by": "an_owner", "seats": [{"in_use": 1}, "as_is"], "limits": ({"per_day": 2},)}
    assert camel_case_keys(details) == {
        "takenBy": "an_owner",
        "seats": [{"inUse": 1}, "as_is"],
        "limits": [{"perDay": 2}],
    }
