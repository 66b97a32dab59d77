"""A repeated request has one effect: the ``Idempotency-Key`` header (draft-ietf-httpapi-idempotency-key-header-07).

The answer to the first request is kept in the transaction of what it did, so that either both happened or neither.
A request that failed did nothing and is kept nowhere: repeating it tries again.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.credentials import operation_key
from accounts.models import IdempotentResponse
from core.api.parameters import TextParameter
from core.errors import Unprocessable

HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = {
    HEADER: TextParameter(
        max_length=255,
        pattern=re.compile("[!-~]+"),
        help_text="Any text that is new for each thing to be done. Within 24 hours the same request with the same "
        "key is answered as it was the first time, and does nothing again.",
    )
}

Operation = Callable[..., Response]


class IdempotencyKeyReused(Unprocessable):
    """The key came before with another request: an answer to that would be none to this."""

    message = "This Idempotency-Key was used with another request."


def once(method: Operation) -> Operation:
    """Let a viewset's method run once per key, for an operation that declares ``headers=IDEMPOTENCY_KEY``.

    Not for answers that hold a secret: they are kept as they are.
    """

    @wraps(method)
    def answer(view: Any, request: Request, **named: Any) -> Response:
        key = view.header[HEADER]
        if key is None:
            return method(view, request, **named)
        with transaction.atomic():
            kept = claim_key(view, request, key)
            if kept.status is None:
                keep(kept, view, method(view, request, **named))
        return repeated(kept, view)

    return answer


def claim_key(view: Any, request: Request, key: str) -> IdempotentResponse:
    """The caller's row for this key, locked by its uniqueness: whoever comes second waits for the first to end.

    Raises IdempotencyKeyReused.
    """
    named = {"user": view.caller.user, "operation": operation_key(view), "key": key}
    same = fingerprint(view, request)
    IdempotentResponse.objects.filter(**named).outdated().delete()
    kept, _ = IdempotentResponse.objects.get_or_create(**named, defaults={"fingerprint": same})
    if kept.fingerprint != same:
        raise IdempotencyKeyReused
    return kept


def fingerprint(view: Any, request: Request) -> str:
    """What makes a request the same: credential kind and bounds, address, headers, and the meaning of the body."""
    by = view.caller
    same = [
        by.method,
        by.organization_id,
        by.permissions and sorted(by.permissions),
        request.path,
        view.header,
        request.data,
    ]
    return salted_hmac(__name__, json.dumps(same, sort_keys=True, cls=JSONEncoder), algorithm="sha256").hexdigest()


def keep(kept: IdempotentResponse, view: Any, response: Response) -> None:
    """Write the answer into its row."""
    kept.status = response.status_code
    kept.answer = json.dumps([view.message, response.data], cls=JSONEncoder)
    kept.save(update_fields=["status", "answer"])


def repeated(kept: IdempotentResponse, view: Any) -> Response:
    """The kept answer, as a response; the first one is given in the same way, so that no byte differs."""
    view.message, data = json.loads(kept.answer)
    return Response(data, status=kept.status)
