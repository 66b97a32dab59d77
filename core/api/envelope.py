"""The house's envelope: `{"success", "message", "data"}`, `"pagination"` on pages, `"error"` instead of data."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from .errors import Problem
from .names import camel_case, camel_case_keys


class PageResponse(Response):
    """The rows of a page as `data`; the block that says where the page stands travels beside them."""

    def __init__(self, rows: list[Any], pagination: Mapping[str, Any]) -> None:
        super().__init__(rows)
        self.pagination = pagination


class EnvelopeRenderer(JSONRenderer):
    """Wrap what a view answers in the house's envelope; the view's `message` says what was done."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Leave errors (they come with their body) and empty answers (204) alone."""
        context = renderer_context or {}
        response = context["response"]
        if response.status_code == 204:
            return b""
        body = data if response.exception else envelope(data, context["view"].message, response)
        return super().render(body, accepted_media_type, renderer_context)


def envelope(data: Any, message: str, response: Response) -> dict[str, Any]:
    """The body of a success, with the page's block when the response is a page."""
    body = {"success": True, "message": message, "data": data}
    if isinstance(response, PageResponse):
        body["pagination"] = response.pagination
    return body


def house_error_body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    """The body of a failure: a sentence for people, a stable code for programs, the faulty fields by name."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.fields:
        error["fields"] = {camel_case(name): messages for name, messages in problem.fields.items()}
    if problem.details:
        error["details"] = camel_case_keys(problem.details)
    return {"success": False, "message": problem.message, "error": error}
