"""OpenAPI 3.1 documents, generated from the `@operation` declarations."""

from http.client import responses
from typing import Any

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.fields import Field

from .entity_tags import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from .operations import Operation, required_operation_of
from .query import Schema
from .schema_hooks import tag_of
from .serializers import HouseSerializer

TEXTS_BY_FIELD = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
ERROR = {
    "type": "object",
    "description": "A failure. `error.code` is stable. `error.fields` has messages by field.",
    "properties": {
        "success": {"type": "boolean", "const": False},
        "message": {"type": "string"},
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
                "message": {"type": "string"},
                "fields": TEXTS_BY_FIELD,
                "details": {"type": "object"},
                "requestId": {
                    "type": "string",
                    "description": "The `X-Request-ID` of the response. The service's log has it too.",
                },
            },
            "required": ["code", "message", "requestId"],
        },
    },
    "required": ["success", "message", "error"],
}
BLANK = {"type": "string", "maxLength": 0}
# The web server and the database can cause these statuses in every operation.
ANYWHERE = (400, 414, 431, 503)
RETRY_AFTER = {
    "Retry-After": {
        "description": "The number of seconds to wait before a retry (RFC 9110, section 10.2.3).",
        "schema": {"type": "integer", "minimum": 1},
    }
}
ENTITY_TAG = {
    "ETag": {
        "description": "The version of the resource (RFC 9110, section 8.8.3), for `If-None-Match` and `If-Match`.",
        "schema": {"type": "string"},
    }
}
# The form of draft-ietf-httpapi-ratelimit-headers.
RATE_LIMIT = {
    "RateLimit-Policy": {
        "description": "The limit of requests with this credential: `q` requests in `w` seconds.",
        "schema": {"type": "string", "examples": ['"credential";q=600;w=60']},
    },
    "RateLimit": {
        "description": "What is left of the limit: `r` requests in the next `t` seconds.",
        "schema": {"type": "string", "examples": ['"credential";r=599;t=60']},
    },
}


class OperationSchema(AutoSchema):
    """Describe the operations of the house API. A dialect overrides `error` and `envelope`."""

    error_name = "Error"
    error: Schema = ERROR

    @property
    def operation(self) -> Operation:
        """The operation that this schema describes."""
        return required_operation_of(self.view)

    def envelope(self, data: Schema) -> Schema:
        """Return the schema of the body of a successful response that contains this data."""
        properties: dict[str, Schema] = {
            "success": {"type": "boolean", "const": True},
            "message": {"type": "string", "examples": [self.operation.message]},
            "data": data,
        }
        if self.operation.pagination_class:
            properties["pagination"] = self.operation.pagination_class.block_schema()
        return {"type": "object", "properties": properties, "required": list(properties)}

    def failures(self) -> set[int]:
        """Return the error statuses of the operation: declared statuses, and statuses that its input can cause."""
        statuses = {*ANYWHERE, *self.operation.errors}
        if not self.operation.public:
            statuses |= {401, 403}
        if "{" in self.path:
            statuses.add(404)
        if self.operation.body:
            statuses |= {413, 415}
        if IF_MATCH_HEADER in self.operation.headers:
            statuses.add(412)
        if self.is_limited:
            statuses.add(429)
        return statuses

    def get_operation_id(self) -> str:
        """Return the declared ``name`` or, if there is none, `resource_action`, as in the credential table."""
        view: Any = self.view
        named = f"{view.resource}_{view.action}" if hasattr(view, "resource") else str(super().get_operation_id())
        return self.operation.name or named

    def get_summary(self) -> str:
        """Return the first line of the method's docstring."""
        return self.operation.documentation.partition("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """Return the rest of the method's docstring."""
        return self.operation.documentation.partition("\n")[2].strip()

    def get_tags(self) -> list[str]:
        """Return the resource's tag. Documentation and generated clients group operations by it."""
        return [tag_of(self.view)]

    def map_parsers(self) -> list[str]:
        """Return the media type of request bodies.

        A dialect may also parse forms. The document does not list them, because the code that openapi-python-client
        generates for a body with several media types cannot be imported.
        """
        return ["application/json"]

    def get_override_parameters(self) -> list[Any]:
        """Return the declared path parameters, query parameters and headers."""
        query = (self.described(*one, OpenApiParameter.QUERY) for one in self.operation.fields.items())
        headers = (self.described(*one, OpenApiParameter.HEADER) for one in self.operation.headers.items())
        path = (
            OpenApiParameter(name, schema, OpenApiParameter.PATH, required=True)
            for name, schema in getattr(self.view, "path_parameters", {}).items()
            if f"{{{name}}}" in self.path
        )
        return [*path, *query, *headers]

    def described(self, name: str, field: Field, location: Any) -> OpenApiParameter:
        """Describe a parameter. The schema is derived from the field."""
        # This method is private, but the example extensions in drf-spectacular's documentation call it too.
        schema = self._map_serializer_field(field, "request")
        return OpenApiParameter(
            name, schema, location, required=field.required, description=schema.pop("description", "")
        )

    def get_request_serializer(self) -> Any:
        """Return the declared body."""
        return self.operation.body

    def get_examples(self) -> list[OpenApiExample]:
        """Return the declared example of the body."""
        example = self.operation.example
        return [] if example is None else [OpenApiExample("Example", dict(example), request_only=True)]

    def get_response_serializers(self) -> Any:
        """Return the declared response."""
        return self.operation.response

    def _map_serializer_field(self, field: Any, direction: str, bypass_extensions: bool = False) -> Schema:
        """Describe a field. In requests, add what the field declares as ``accepted``."""
        schema: Schema = super()._map_serializer_field(field, direction, bypass_extensions)
        return schema | getattr(field, "accepted", {}) if direction == "request" else schema

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Schema:
        # Only requests are closed: clients must accept responses with fields that a later version adds.
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and isinstance(serializer, HouseSerializer):
            described = {name: with_blank(one) for name, one in schema.get("properties", {}).items()}
            schema |= {"properties": described} if described else {}
            schema |= {"additionalProperties": False, **serializer.accepted}
        return schema

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.operation.many or self.operation.pagination_class is not None

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        return super()._get_request_body(direction) if self.operation.body else None

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Schema]:
        failures = {str(status): self.failure(status) for status in sorted(self.failures())}
        brief = {
            str(status): response(message, self.envelope({"type": "null"}))
            for status, message in self.operation.also.items()
        }
        if self.has_tag:
            brief["304"] = {"description": "Not modified", "headers": ENTITY_TAG}
        bodies = {str(self.operation.status): self.success(), **brief, **failures}
        return with_rate_limit(bodies) if self.is_limited else bodies

    @property
    def is_limited(self) -> bool:
        """Whether this installation limits the requests of each credential."""
        return bool(self.view.throttle_classes)

    @property
    def has_tag(self) -> bool:
        """Whether the response has an `ETag`."""
        return IF_NONE_MATCH_HEADER in self.operation.headers

    def success(self) -> Schema:
        """Return the description of the success response."""
        if self.operation.status == 204:
            return {"description": self.operation.message}
        if self.operation.media_type:
            return {
                "description": self.operation.message,
                "content": {self.operation.media_type: {"schema": {"type": "string"}}},
            }
        described = response(self.operation.message, self.envelope(self.data()))
        paginator = self.operation.pagination_class
        headers = paginator.header_schemas() if paginator else ENTITY_TAG if self.has_tag else {}
        return described | ({"headers": headers} if headers else {})

    def data(self) -> Schema:
        """Return the schema of the data in the envelope."""
        declared = self.operation.response
        if declared is None:
            return {"type": "null"}
        item = self.resolve_serializer(declared, "response").ref if isinstance(declared, type) else declared
        return {"type": "array", "items": item} if self._is_list_view() else item

    def failure(self, status: int) -> Schema:
        """Return the description of the response with an error status."""
        component = ResolvedComponent(
            name=self.error_name, type=ResolvedComponent.SCHEMA, object=self.error_name, schema=self.error
        )
        self.registry.register_on_missing(component)
        headers = {"headers": RETRY_AFTER} if status in (429, 503) else {}
        return response(responses[status], component.ref) | headers


class StrictFilterExtension(DjangoFilterExtension):
    """Describe strict filters. Extends drf-spectacular's extension for django-filter with default values."""

    target_class = "core.api.filters.StrictFilterBackend"
    priority = 1

    def get_schema_operation_parameters(self, auto_schema: AutoSchema, *args: Any, **kwargs: Any) -> list[Schema]:
        """Return the parameters of the declared filters."""
        view: Any = auto_schema.view
        declared = view.filterset_class
        filters = declared.base_filters.items() if declared else ()
        return [one for found in filters for one in self.resolve_filter_field(auto_schema, None, declared, *found)]

    def resolve_filter_field(self, *args: Any) -> list[Schema]:
        """Return the parameters of one filter. Keep the choices in their declared order."""
        options = args[-1].extra
        parameters: list[Schema] = super().resolve_filter_field(*args)
        for parameter in parameters:
            if "enum" in parameter["schema"]:
                parameter["schema"]["enum"] = [word for word, _ in options["choices"]]
            if "initial" in options:
                parameter["schema"]["default"] = options["initial"]
            if "help_text" in options:
                parameter["description"] = options["help_text"]
        return parameters


def with_blank(schema: Schema) -> Schema:
    """Return the schema of a field that may be blank, without drf-spectacular's `oneOf`.

    Our patterns match a blank text, so that both alternatives of `oneOf` would match, which is not valid.
    """
    alternatives = schema.get("oneOf", [])
    if BLANK not in alternatives:
        return schema
    others = {name: one for name, one in schema.items() if name != "oneOf"}
    return others | ({"anyOf": alternatives} if "format" in alternatives[0] else alternatives[0])


def with_rate_limit(bodies: dict[str, Schema]) -> dict[str, Schema]:
    """Return the responses with the headers of the limit, which those of accepted and of refused requests have."""
    return {
        status: one | {"headers": one.get("headers", {}) | RATE_LIMIT} if status < "400" or status == "429" else one
        for status, one in bodies.items()
    }


def response(description: str, schema: Schema) -> Schema:
    """Return the description of a JSON response."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}
