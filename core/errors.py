"""The base classes of domain errors. They contain no HTTP statuses.

Actions raise these errors. ``core.api.errors`` maps them to HTTP statuses. Declare a concrete error next to the action
that raises it: ``class LastOwner(Conflict)``.
"""

import re


class DomainError(Exception):
    """The request was understood, but an action rejected it.

    ``code`` is stable and derived from the class name. ``message`` is one sentence for people. ``fields`` maps
    snake_case field names to messages. ``details`` contains values that clients can use.
    """

    code = "domain_error"
    message = "The request was refused."

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(
        self, message: str | None = None, *, fields: dict[str, list[str]] | None = None, **details: object
    ) -> None:
        self.message = message or self.message
        self.fields = fields or {}
        self.details = details
        super().__init__(self.message)


class Invalid(DomainError):
    """The input is malformed or not valid."""

    message = "The input is not valid."


class Unauthenticated(DomainError):
    """The request has no valid credential."""

    message = "Authentication is required."


class Denied(DomainError):
    """The caller may not do this."""

    message = "You may not do this."


class NotFound(DomainError):
    """The object does not exist, or the caller may not see it. The caller cannot distinguish the two."""

    message = "Not found."


class Conflict(DomainError):
    """The request conflicts with the current state."""

    message = "This conflicts with the current state."


class PreconditionFailed(DomainError):
    """The object is not in the state that the request expects."""

    message = "This is not in the expected state."


class QuotaMixin:
    """Mark a conflict: there is as much as a limit permits. The metrics count such errors."""


class Gone(DomainError):
    """The object existed, but it is no longer valid."""

    message = "This is no longer available."


class Unprocessable(DomainError):
    """Each value is valid, but the combination of the values is not."""

    message = "These values do not fit together."


class LimitReached(DomainError):
    """A rate limit is exceeded. ``retry_after`` is in seconds."""

    message = "Too many requests."

    def __init__(self, message: str | None = None, *, retry_after: int = 60, **details: object) -> None:
        self.retry_after = retry_after
        super().__init__(message)
        self.details = details


class Unavailable(DomainError):
    """Another service that is needed does not respond. ``retry_after`` is in seconds."""

    message = "Temporarily unavailable."

    def __init__(self, message: str | None = None, *, retry_after: int = 5, **details: object) -> None:
        self.retry_after = retry_after
        super().__init__(message)
        self.details = details
