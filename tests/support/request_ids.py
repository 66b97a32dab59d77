"""Responses without the id of the request, which differs in each run."""

from typing import Any

from core.request_context import HEADER


def json_without_request_id(response: Any) -> Any:
    """Return the parsed body. In an error of the house API, the id must be that of the header, and is left out."""
    body = response.json()
    if isinstance(body, dict) and body.get("success") is False:
        assert body["error"].pop("requestId") == response.headers[HEADER]
    return body


def headers_without_request_id(response: Any) -> dict[str, str]:
    """Return the headers that another response to the same request has, too."""
    return {name: value for name, value in response.headers.items() if name != HEADER}
