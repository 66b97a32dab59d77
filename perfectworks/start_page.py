"""What the start page of the admin shows: numbers that link to their lists, and why the queue of emails grows."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from invitations import admin_numbers as of_invitations
from orgs import admin_numbers as of_organizations
from outbox.queue_state import QueueState, queue_state

NUMBERS = (*of_invitations.NUMBERS, *of_organizations.NUMBERS)


def start_page(request: HttpRequest) -> dict[str, Any]:
    """Return what this staff member may see. Each number takes one query, or three."""
    numbers = [number.counted() for number in NUMBERS if number.is_visible_to(request)]
    queue = queue_state() if request.user.has_perm("invitations.view_email") else None
    return {
        "numbers": numbers,
        "queue": queue,
        "error_url": _error_url(queue),
    }


def _error_url(queue: QueueState | None) -> str:
    """Return the page of the email with the last error."""
    if queue is None or queue.last_error is None:
        return ""
    email: Any = queue.last_error
    return reverse(f"admin:{email.email._meta.app_label}_{email.email._meta.model_name}_change", args=[email.email_id])
