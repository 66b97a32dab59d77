"""Serializer fields of the house API: optional text, permissions, languages, slugs and web addresses."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.names import camel_case, camel_case_keys
from core.api.serializers import ChoiceField, StrictTextField
from core.api.text_patterns import STORABLE_TEXT, URL_OR_BLANK
from core.web_addresses import MAX_LENGTH as MAX_WEB_ADDRESS_LENGTH
from core.web_addresses import VALIDATORS
from orgs.permissions import ALL_PERMISSIONS
from orgs.slugs import MAX_LENGTH as MAX_SLUG_LENGTH
from orgs.slugs import validate_slug


class BlankAsNullField(serializers.CharField):
    """Optional text. An empty string in the database is null in JSON."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        """Return null for an empty string."""
        return value or None


@extend_schema_field({"type": "string", "format": "uri", "maxLength": MAX_WEB_ADDRESS_LENGTH})
class WebAddressSerializerField(StrictTextField):
    """An optional http or https URL. Null and the empty string both mean no URL, stored as an empty string."""

    default_validators = VALIDATORS
    accepted: ClassVar[Mapping[str, Any]] = {"default": None, "pattern": URL_OR_BLANK}

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, allow_blank=True, max_length=MAX_WEB_ADDRESS_LENGTH, **options)

    def run_validation(self, data: Any = serializers.empty) -> str:
        """Return the URL or an empty string."""
        return super().run_validation(data) or ""


@extend_schema_field({"type": "string", "enum": [*dict(settings.LANGUAGES), None]})
class LanguageField(ChoiceField):
    """An optional language of pages and emails. Null means no language, stored as an empty string."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=settings.LANGUAGES, allow_null=True, **options)

    def run_validation(self, data: Any = serializers.empty) -> str:
        """Return the language code or an empty string."""
        return super().run_validation(data) or ""

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        """Return null for an empty string."""
        return value or None


class NewPasswordField(StrictTextField):
    """A new password. The action checks whether it is strong enough."""

    @property
    def accepted(self) -> Mapping[str, Any]:  # type: ignore[override]
        """The length that the password validators require."""
        lengths = (getattr(validator, "min_length", 1) for validator in get_default_password_validators())
        return {"minLength": max(lengths, default=1), "pattern": STORABLE_TEXT}


class PermissionNameField(StrictTextField):
    """The name of a permission. The actions check whether the permission exists and can be granted."""

    accepted: ClassVar[Mapping[str, Any]] = {"enum": sorted(ALL_PERMISSIONS)}


class PermissionsField(serializers.ListField):
    """A set of permission names. In JSON, it is a sorted list."""

    def __init__(self, **options: Any) -> None:
        child = PermissionNameField(max_length=64, help_text=f"One of {', '.join(sorted(ALL_PERMISSIONS))}.")
        super().__init__(child=child, max_length=len(ALL_PERMISSIONS), **options)

    def to_internal_value(self, data: Any) -> frozenset[str]:  # type: ignore[override]
        """Return the names as a set. The actions check whether the permissions exist and can be granted."""
        if isinstance(data, list) and len(data) > len(ALL_PERMISSIONS):
            raise serializers.ValidationError(f"Name no more than {len(ALL_PERMISSIONS)} permissions.")
        return frozenset(super().to_internal_value(data))

    def to_representation(self, value: Any) -> list[str]:
        """Return the names sorted."""
        return sorted(value)


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": True,  # each kind of event has facts of its own
        "properties": {
            "changed": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The sorted names of the fields that changed, if the event is about a changed object.",
            },
            "old": {
                "type": "object",
                "additionalProperties": True,
                "description": "The former values of those changed fields that are IDs, states, permissions, numbers, "
                "times or booleans. Names, addresses and texts are never in events.",
            },
            "new": {
                "type": "object",
                "additionalProperties": True,
                "description": "The new values of the same fields.",
            },
        },
    }
)
class FactsField(serializers.JSONField):
    """The data of an event, with keys and names of changed fields in camelCase."""

    def to_representation(self, value: Any) -> Any:
        """Convert the keys and the names in ``changed`` to camelCase."""
        facts = camel_case_keys(value)
        return facts | {"changed": [camel_case(name) for name in facts["changed"]]} if "changed" in facts else facts


class SlugSerializerField(StrictTextField):
    """A slug. See ``orgs.slugs``."""

    default_validators = [validate_slug]
    accepted: ClassVar[Mapping[str, Any]] = {}  # the documents take the pattern from the validator

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_SLUG_LENGTH, **options)
