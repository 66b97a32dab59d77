"""How settings read the environment: `NAME`, or the file that `NAME_FILE` points to."""

import os
import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class Variables(FileAwareMapping):
    """`os.environ` with `NAME_FILE` read from its file; an empty value counts as unset.

    Compose files and `.env` files write unset variables as empty ones, and secret files end in a newline.
    """

    def __getitem__(self, name: str) -> str:
        """Return the variable without surrounding space; raise KeyError when it is unset or empty."""
        try:
            value = super().__getitem__(name).strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        if not value:
            raise KeyError(name)
        return value


class Environment(environ.Env):
    """django-environ reading `Variables`."""

    ENVIRON = Variables(os.environ)

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return the variable as the type it is asked for; what cannot be read as that is refused by its name."""
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} has a value that cannot be read as what it should be.") from error

    def at_least_one(self, name: str, *, default: int) -> int:
        """Return a number that must be positive: none of what it limits would be a service that does nothing."""
        number: int = self.int(name, default=default)
        if number < 1:
            raise ImproperlyConfigured(f"{name} must be 1 or more.")
        return number

    def keys(self, name: str, *, default: str) -> list[str]:
        """Return secrets separated by commas, the newest first."""
        return [key for key in self.secret(name).split(",") if key] or [default]

    def secret(self, name: str) -> str:
        """Return a secret as it is written, or "" when unset: a leading `$` is no reference to another."""
        return self.ENVIRON.get(name, "")


READ_COMMITTED_SPELLINGS = {"2", "read committed", "read_committed", "read-committed"}


def require_read_committed(options: dict[str, Any]) -> None:
    """Refuse database options that choose another isolation level than READ COMMITTED.

    The actions' conditional UPDATEs and row locks are written for READ COMMITTED; a stricter level would turn
    their waiting into serialization failures.
    """
    levels = [str(options.get("isolation_level", "read committed"))]
    levels += re.findall(
        r"transaction_isolation\s*=\s*(read\\? (?:un)?committed|repeatable\\? read|[\w-]+)",
        str(options.get("options", "")),
        re.IGNORECASE,
    )
    for level in levels:
        spelling = level.replace("\\", "").lower()
        if spelling not in READ_COMMITTED_SPELLINGS:
            raise ImproperlyConfigured(
                f"DATABASE_URL sets the isolation level {spelling!r}; PerfectWorks needs READ COMMITTED."
            )


def require_origin(url: str) -> str:
    """Return `url` as scheme://host[:port], or refuse what no mailed link can start with."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    is_bare = url.rstrip("/") == origin and "@" not in origin
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_bare:
        raise ImproperlyConfigured("PUBLIC_BASE_URL must be http(s)://host[:port] and nothing more.")
    return origin


def require_language(code: str, languages: list[tuple[str, str]]) -> str:
    """Return the code of a language that is spoken here, or refuse it."""
    if code not in dict(languages):
        raise ImproperlyConfigured(f"LANGUAGE_CODE must be one of {', '.join(dict(languages))}.")
    return code


def require_issuers(issuers: object) -> list[dict[str, str]]:
    """Return the configured JWT issuers, or refuse what is no list of issuer, audience and jwks_url."""
    if not isinstance(issuers, list) or not all(map(_is_issuer, issuers)):
        raise ImproperlyConfigured('JWT_ISSUERS must be a JSON list of {"issuer", "audience", "jwks_url"}.')
    if not all(urlsplit(issuer["jwks_url"]).scheme in {"http", "https"} for issuer in issuers):
        raise ImproperlyConfigured("Each jwks_url of JWT_ISSUERS must begin with https:// (or http:// at home).")
    return issuers


# What proves that a report comes from the mail provider: one of these settings of django-anymail. Where there is no
# signature, WEBHOOK_SECRET ("user:password") stands in the address that the provider posts to.
WEBHOOK_PROOFS = {
    "amazon_ses": {"WEBHOOK_SECRET"},
    "brevo": {"WEBHOOK_SECRET"},
    "mailersend": {"MAILERSEND_SIGNING_SECRET"},
    "mailgun": {"MAILGUN_WEBHOOK_SIGNING_KEY"},
    "mailjet": {"WEBHOOK_SECRET"},
    "mailtrap": {"MAILTRAP_TRACKING_SECRET", "WEBHOOK_SECRET"},
    "mandrill": {"MANDRILL_WEBHOOK_KEY"},
    "postal": {"POSTAL_WEBHOOK_KEY"},
    "postmark": {"WEBHOOK_SECRET"},
    "resend": {"RESEND_SIGNING_SECRET", "WEBHOOK_SECRET"},
    "sendgrid": {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY", "WEBHOOK_SECRET"},
    "sparkpost": {"WEBHOOK_SECRET"},
    "unisender_go": {"UNISENDER_GO_API_KEY"},
}
# Packages that django-anymail asks for besides.
WEBHOOK_PACKAGES = {("amazon_ses", "WEBHOOK_SECRET"): "boto3", ("resend", "RESEND_SIGNING_SECRET"): "svix"}


def require_signed_webhook(provider: str, anymail: dict[str, Any]) -> str:
    """Return the mail provider whose reports are taken ("" for none), or refuse one that could not prove itself."""
    if not provider:
        return ""
    if provider not in WEBHOOK_PROOFS:
        raise ImproperlyConfigured(f"EMAIL_WEBHOOK must be one of {', '.join(WEBHOOK_PROOFS)}.")
    proofs = [name for name in sorted(WEBHOOK_PROOFS[provider]) if _is_proof(name, anymail.get(name))]
    if not proofs:
        wanted = " or ".join(sorted(WEBHOOK_PROOFS[provider]))
        raise ImproperlyConfigured(f"EMAIL_WEBHOOK={provider} needs {wanted} in ANYMAIL, or anybody could report.")
    for package in filter(None, (WEBHOOK_PACKAGES.get((provider, name)) for name in proofs)):
        if find_spec(package) is None:
            raise ImproperlyConfigured(f"EMAIL_WEBHOOK={provider} needs the Python package {package}.")
    return provider


def _is_proof(name: str, value: object) -> bool:
    """Whether a setting is there; django-anymail compares WEBHOOK_SECRET, or each of several, with "user:password"."""
    secrets = value if isinstance(value, list) else [value]
    texts = [one for one in secrets if isinstance(one, str) and one and (name != "WEBHOOK_SECRET" or ":" in one)]
    return bool(secrets) and texts == secrets


def _is_issuer(issuer: object) -> bool:
    if not isinstance(issuer, dict) or set(issuer) != {"issuer", "audience", "jwks_url"}:
        return False
    return all(isinstance(value, str) and value for value in issuer.values())
