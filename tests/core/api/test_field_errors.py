"""Test that nested validation errors are listed by dotted field name."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError

from core.api.errors import field_errors, general_message_of
from core.api.names import AsSent, camel_case
from core.errors import Invalid


def test_nested_errors_are_named_by_their_path():
    detail: Any = {
        "owner": {"first_name": ["Too long."]},
        "roles": [{}, {"name": ["Unknown."]}],
        "tags": {1: ["Blank."]},
        "plain": "Odd.",
    }
    assert field_errors(ValidationError(detail)) == {
        "owner.first_name": ["Too long."],
        "roles.1.name": ["Unknown."],
        "tags.1": ["Blank."],
        "plain": ["Odd."],
    }


def test_what_concerns_an_object_is_said_of_its_path():
    error = ValidationError({"owner": {"non_field_errors": ["Two of them."]}, "non_field_errors": ["Odd."]})
    assert field_errors(error) == {"owner": ["Two of them."]}
    assert general_message_of(error) == "Odd."


def test_a_models_errors_are_named_too():
    error = DjangoValidationError({"slug": ["Taken."], "__all__": ["Odd.", "Very."]})
    assert field_errors(error) == {"slug": ["Taken."]}
    assert general_message_of(error) == "Odd. Very."


def test_the_domain_names_its_fields_itself():
    assert field_errors(Invalid(fields={"seat_limit": ["Too small."]})) == {"seat_limit": ["Too small."]}


def test_other_exceptions_blame_no_field():
    assert field_errors(ValueError("odd")) == {}
    assert general_message_of(ValueError("odd")) == ""


def test_a_name_from_the_client_is_unchanged_inside_a_path():
    [name] = field_errors(ValidationError({"owner": {AsSent("first_name"): ["Unknown."]}}))
    assert camel_case(name) == "owner.first_name"
