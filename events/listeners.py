"""Functions that are called with new events, in the transaction that writes them.

This app must not import the apps that follow events, so these register here, in the ``ready`` method of their
``AppConfig``. A listener is called with the new events that somebody follows (``record(followed=True)``), which have
their numbers. If it raises, the transaction is rolled back.
"""

from collections.abc import Callable, Sequence
from typing import Any

#: A function that takes some events, in the order of their numbers.
Listener = Callable[[Sequence[Any]], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Register a listener."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_listeners(events: Sequence[Any]) -> None:
    """Call the listeners with those of the events that somebody follows."""
    followed = [event for event in events if event.is_followed]
    if followed:
        for listener in _listeners:
            listener(followed)
