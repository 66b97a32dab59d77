"""Entity tags of single resources: `ETag`, `If-None-Match` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1).

A tag is a hash of what the response says, so it changes whenever the response does, and it is different for callers who
see different fields. It is computed only for operations that declare one of the two headers.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import PreconditionFailed

from .parameters import TextParameter

ENTITY_TAG = r'(?:W/)?"[!#-~]*"'
ENTITY_TAGS = re.compile(rf"\*|{ENTITY_TAG}(?:[ \t]*,[ \t]*{ENTITY_TAG})*", re.ASCII)

IF_MATCH_HEADER = "If-Match"
IF_NONE_MATCH_HEADER = "If-None-Match"
IF_MATCH = {
    IF_MATCH_HEADER: TextParameter(
        max_length=1000,
        pattern=ENTITY_TAGS,
        help_text="The `ETag` that you got. If the resource has changed since then, the response is 412 and nothing "
        "happens.",
    )
}
IF_NONE_MATCH = {
    IF_NONE_MATCH_HEADER: TextParameter(
        max_length=1000,
        pattern=ENTITY_TAGS,
        help_text="The `ETag` that you got. If the resource is still the same, the response is 304 without a body.",
    )
}

Method = Callable[..., Response]


class ResourceChanged(PreconditionFailed):
    """The resource has changed since the request's `If-Match` was read."""

    message = "This has changed since you read it. Read it again, then decide whether to repeat your request."


def entity_tag(data: Any) -> str:
    """Return the strong entity tag of a response with this data."""
    return f'"{sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def add_entity_tag(response: Response, known: str | None) -> None:
    """Set the `ETag` of a response. If it is among the tags in `known`, make the response a 304 without a body."""
    response["ETag"] = tag = entity_tag(response.data)
    tags = [one.removeprefix("W/") for one in parse_etags(known or "")]
    if tags == ["*"] or tag in tags:
        response.status_code, response.data = 304, None


def if_unchanged(read: str) -> Callable[[Method], Method]:
    """Run a viewset's method only if the resource still has a tag that the request's `If-Match` names.

    ``read`` is the viewset's method that returns the resource. The operation must declare ``headers=IF_MATCH``. The
    resource is read and changed under one lock, that of the viewset's ``lock_resource``. Raises ResourceChanged.
    """

    def guard(method: Method) -> Method:
        @wraps(method)
        def run_if_unchanged(view: Any, request: Request, **named: Any) -> Response:
            expected = view.header[IF_MATCH_HEADER]
            if expected is None:
                return method(view, request, **named)
            with transaction.atomic():
                view.lock_resource()
                with acting_as(view, read):
                    tag = entity_tag(getattr(view, read)(request, **named).data)
                # A weak tag never matches (RFC 9110, section 13.1.1).
                if expected != "*" and tag not in parse_etags(expected):
                    raise ResourceChanged
                return method(view, request, **named)

        return run_if_unchanged

    return guard


@contextmanager
def acting_as(view: Any, action: str) -> Iterator[None]:
    """Let a viewset represent its rows as another operation does."""
    requested, view.action = view.action, action
    try:
        yield
    finally:
        view.action = requested
