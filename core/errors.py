"""What can go wrong, said in the domain's words and without HTTP.

Actions raise these; ``core.api.errors`` alone decides which status each kind becomes.
A concrete error is declared beside the action that raises it, as a fact: ``class LastOwner(Conflict)``.
"""

import re


class DomainError(Exception):
    """A request that was understood and refused.

    ``code`` is stable and derived from the class name; ``message`` is one sentence for a person;
    ``fields`` maps field names (in Python spelling) to sentences; ``details`` are facts a program can use.
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
    """The input cannot be understood or breaks a rule about its form."""

    message = "The input is not valid."


class Unauthenticated(DomainError):
    """Nobody knows who is asking."""

    message = "Authentication is required."


class Denied(DomainError):
    """Who is asking is known, and may not do this."""

    message = "You may not do this."


class NotFound(DomainError):
    """It does not exist, or not for this caller: the two are never told apart."""

    message = "Not found."


class Conflict(DomainError):
    """It contradicts the present state."""

    message = "This contradicts the present state."


class Gone(DomainError):
    """It existed and is over."""

    message = "This is over."


class Unprocessable(DomainError):
    """The form is right, and what it names does not fit together."""

    message = "What the request names does not fit together."


class LimitReached(DomainError):
    """Too much in too short a time; ``retry_after`` is in seconds."""

    message = "Too many requests."

    def __init__(self, message: str | None = None, *, retry_after: int = 60, **details: object) -> None:
        self.retry_after = retry_after
        super().__init__(message)
        self.details = details


class Unavailable(DomainError):
    """Something this service depends on does not answer; ``retry_after`` is in seconds."""

    message = "Temporarily unavailable."

    def __init__(self, message: str | None = None, *, retry_after: int = 5, **details: object) -> None:
        self.retry_after = retry_after
        super().__init__(message)
        self.details = details
