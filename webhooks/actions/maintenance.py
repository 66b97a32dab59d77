"""The maintenance tasks that the worker runs once a minute."""

from collections.abc import Callable

from webhooks.actions.erasing import delete_old_messages

MAINTENANCE_TASKS: tuple[Callable[[], bool | None], ...] = (delete_old_messages,)
