"""The envelope of the house API: `{"success", "message", "data"}`.

Pages add `"pagination"`. Errors have `"error"` instead of `"data"`.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from core.request_context import current_request_id

from .errors import Problem
from .names import camel_case, camel_case_keys


class PageResponse(Response):
    """A response with the rows of a page as its `data`, and with the pagination block."""

    def __init__(self, rows: list[Any], pagination: Mapping[str, Any]) -> None:
        super().__init__(rows)
        self.pagination = pagination


class EnvelopeRenderer(JSONRenderer):
    """Wrap the data of a response in the envelope, with the view's `message`."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the JSON. Responses without content (204, 304) have no body. Errors already have their own body."""
        context = renderer_context or {}
        response = context["response"]
        if response.status_code in (204, 304):
            return b""
        body = data if response.exception else envelope(data, context["view"].message, response)
        return super().render(body, accepted_media_type, renderer_context)


def envelope(data: Any, message: str, response: Response) -> dict[str, Any]:
    """Return the body of a successful response. If the response is a page, include the pagination block."""
    body = {"success": True, "message": message, "data": data}
    if isinstance(response, PageResponse):
        body["pagination"] = response.pagination
    return body


def house_error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """Return the body of an error response: a message for people, a stable code, messages by field, and the request."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.fields:
        error["fields"] = {camel_case(name): messages for name, messages in problem.fields.items()}
    if problem.details:
        error["details"] = camel_case_keys(problem.details)
    error["requestId"] = current_request_id()
    return {"success": False, "message": problem.message, "error": error}
