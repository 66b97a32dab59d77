"""Idempotent requests with the ``Idempotency-Key`` header (draft-ietf-httpapi-idempotency-key-header-07).

The response to the first request is stored in the same transaction as its changes. A failed request changes nothing and
stores no response. If the client repeats a failed request, the request runs again.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.credentials import operation_key
from accounts.models import IdempotentResponse
from core.api.entity_tags import IF_MATCH_HEADER
from core.api.parameters import TextParameter
from core.errors import Unprocessable

HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = {
    HEADER: TextParameter(
        max_length=255,
        pattern=re.compile("[!-~]+"),
        help_text="A unique value for each operation. A repeated request with the same key within 24 hours returns "
        "the first response and changes nothing.",
    )
}

Operation = Callable[..., Response]


class IdempotencyKeyReused(Unprocessable):
    """The key was used for a different request."""

    message = "This Idempotency-Key was already used for a different request."


def once(method: Operation) -> Operation:
    """Run a viewset's method once per key. The operation must declare ``headers=IDEMPOTENCY_KEY``.

    Do not use this for operations whose response contains a secret, because responses are stored in plain text.
    """

    @wraps(method)
    def run_once(view: Any, request: Request, **named: Any) -> Response:
        key = view.header[HEADER]
        if key is None:
            return method(view, request, **named)
        with transaction.atomic():
            kept = claim_key(view, request, key)
            if kept.status is None:
                keep(kept, view, method(view, request, **named))
        return repeated(kept, view)

    return run_once


def claim_key(view: Any, request: Request, key: str) -> IdempotentResponse:
    """Return the caller's row for this key. Create the row if there is none.

    The unique constraint acts as a lock: a concurrent request with the same key waits until the first one ends. Raises
    IdempotencyKeyReused.
    """
    named = {"user": view.caller.user, "operation": operation_key(view), "key": key}
    same, *former = fingerprints(view, request)
    IdempotentResponse.objects.filter(**named).outdated().delete()
    kept, _ = IdempotentResponse.objects.get_or_create(**named, defaults={"fingerprint": same})
    if kept.fingerprint not in (same, *former):
        raise IdempotencyKeyReused
    return kept


def fingerprints(view: Any, request: Request) -> list[str]:
    """Return the hash of the request by the present SECRET_KEY, then by the former ones.

    It covers the kind of credential, its organization and permissions, the path, the declared headers and the parsed
    body. It does not cover `If-Match`, because a stored response belongs to a precondition that was met.
    """
    by = view.caller
    headers = {name: value for name, value in view.header.items() if name != IF_MATCH_HEADER}
    same = [
        by.method,
        by.organization_id,
        by.permissions and sorted(by.permissions),
        request.path,
        headers,
        request.data,
    ]
    text = json.dumps(same, sort_keys=True, cls=JSONEncoder)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac(__name__, text, secret=key, algorithm="sha256").hexdigest() for key in keys]


def keep(kept: IdempotentResponse, view: Any, response: Response) -> None:
    """Store the response."""
    kept.status = response.status_code
    kept.response = json.dumps([view.message, response.data], cls=JSONEncoder)
    kept.save(update_fields=["status", "response"])


def repeated(kept: IdempotentResponse, view: Any) -> Response:
    """Return the stored response.

    The first request returns it too, so both responses have exactly the same bytes.
    """
    view.message, data = json.loads(kept.response)
    return Response(data, status=kept.status)
