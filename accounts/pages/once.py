"""Forms that do something once, however often a browser sends them.

A browser sends a form again when a page is reloaded or a button is pressed twice. The result of the first time is
stored for a day, in the same transaction as its changes, as for an ``Idempotency-Key`` (``accounts.api.idempotency``).
Pages redirect to the result, so that a reload only reads it.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from accounts.models import IdempotentResponse
from accounts.principals import Principal

RESULT = "result"  # the parameter of a page with the key of a result


def form_key(*parts: object) -> str:
    """Return the key of a form that was filled in like this. One part must be random, and unique to the form."""
    content = json.dumps(parts, cls=DjangoJSONEncoder)
    return hashlib.sha256(content.encode()).hexdigest()


def once_for(by: Principal, operation: str, key: str, act: Callable[[], Any]) -> None:
    """Call ``act`` unless this person has done the operation with this key. Store what it returns, as JSON.

    If it raises an error, nothing is stored, so the form can be sent again.
    """
    with transaction.atomic():
        named = {"user": by.user, "operation": operation, "key": key}
        kept, _ = IdempotentResponse.objects.get_or_create(**named, defaults={"fingerprint": key})
        if kept.status is None:
            kept.status, kept.response = 200, json.dumps(act(), cls=DjangoJSONEncoder)
            kept.save(update_fields=["status", "response"])


def result_for(by: Principal, operation: str, key: str) -> Any:
    """Return the stored result of this person, or None if there is none, or no longer."""
    kept = IdempotentResponse.objects.filter(user=by.user, operation=operation, key=key, status=200)
    found = kept.values_list("response", flat=True).first()
    return None if found is None else json.loads(found)
