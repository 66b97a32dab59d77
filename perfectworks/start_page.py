"""What the start page of the admin shows: numbers that link to their lists, and why the queue of emails grows."""

from typing import Any

from django.http import HttpRequest

from invitations import admin_numbers as of_invitations
from invitations.email.queue_state import queue_state
from orgs import admin_numbers as of_organizations

NUMBERS = (*of_invitations.NUMBERS, *of_organizations.NUMBERS)


def start_page(request: HttpRequest) -> dict[str, Any]:
    """Return what this staff member may see. Each number takes one query, or three."""
    return {
        "numbers": [number.counted() for number in NUMBERS if number.is_visible_to(request)],
        "queue": queue_state() if request.user.has_perm("invitations.view_email") else None,
    }
