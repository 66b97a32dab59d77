"""Environment variables for the settings.

The value of a setting is in the variable `NAME`, or in the file that `NAME_FILE` names.
"""

import os
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import getaddresses
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import environ
import idna
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from core.text import UNSAFE_IN_A_LINE

_LINK = re.compile(r"[!-~]+")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


class Variables(FileAwareMapping):
    """`os.environ`. If `NAME_FILE` is set, the value of `NAME` is read from that file.

    Like in Compose and `.env` files, an empty variable counts as unset.
    """

    def __getitem__(self, name: str) -> str:
        """Return the variable without surrounding spaces and newlines. Raises KeyError if it is unset or empty."""
        try:
            value = super().__getitem__(name).strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        if not value:
            raise KeyError(name)
        return value


class Environment(environ.Env):
    """django-environ with `Variables`."""

    ENVIRON = Variables(os.environ)

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return the variable as the requested type.

        Raises ImproperlyConfigured with the name of the variable.
        """
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} has a value of the wrong type.") from error

    def at_least_one(self, name: str, *, default: int) -> int:
        """Return an integer. Raises ImproperlyConfigured if it is less than 1, because the service would not work."""
        return self.at_least(name, 1, default=default)

    def at_least(self, name: str, minimum: int, *, default: int) -> int:
        """Return an integer. Raises ImproperlyConfigured if it is less than the minimum."""
        number: int = self.int(name, default=default)
        if number < minimum:
            raise ImproperlyConfigured(f"{name} must be {minimum} or more.")
        return number

    def zero_or_at_least(self, name: str, minimum: int, *, default: int) -> int:
        """Return 0 or an integer. Raises ImproperlyConfigured if it is less than the minimum."""
        number: int = self.int(name, default=default)
        if number != 0 and number < minimum:
            raise ImproperlyConfigured(f"{name} must be {minimum} or more, or 0.")
        return number

    def keys(self, name: str, *, default: list[str]) -> list[str]:
        """Return a list of secrets, which are separated by commas."""
        return [key for key in self.secret(name).split(",") if key] or [*default]

    def secret(self, name: str) -> str:
        """Return a secret, or "" if it is unset. Unlike in django-environ, `$` is not special."""
        return self.ENVIRON.get(name, "")


READ_COMMITTED_NAMES = {"2", "read committed", "read_committed", "read-committed"}


def require_read_committed(options: dict[str, Any]) -> None:
    """Raise ImproperlyConfigured if the database options set an isolation level other than READ COMMITTED.

    The conditional UPDATEs and row locks of the actions need READ COMMITTED. At a stricter level, they would cause
    serialization failures.
    """
    levels = [str(options.get("isolation_level", "read committed"))]
    levels += re.findall(
        r"transaction_isolation\s*=\s*(read\\? (?:un)?committed|repeatable\\? read|[\w-]+)",
        str(options.get("options", "")),
        re.IGNORECASE,
    )
    for level in levels:
        name = level.replace("\\", "").lower()
        if name not in READ_COMMITTED_NAMES:
            raise ImproperlyConfigured(
                f"DATABASE_URL sets the isolation level {name!r}; PerfectWorks needs READ COMMITTED."
            )


def require_root_path(variables: Mapping[str, str]) -> None:
    """Raise ImproperlyConfigured if the web server would run the service below a path."""
    if "SCRIPT_NAME" in variables:
        raise ImproperlyConfigured("SCRIPT_NAME is set, but the service needs a host of its own. Unset it.")


def listening_address(host: str, port: int) -> str:
    """Return where the web server listens, in the form of gunicorn: ``127.0.0.1:8000`` or ``[::1]:8000``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def require_line(name: str, text: str) -> str:
    """Return the text. Raises ImproperlyConfigured if it is not one visible line."""
    if UNSAFE_IN_A_LINE.search(text) or text != text.strip() or len(text) > 64:
        raise ImproperlyConfigured(f"{name} must be one line of at most 64 visible characters.")
    return text


def require_link(name: str, url: str) -> str:
    """Return the URL. Raises ImproperlyConfigured if it is not "" or an http(s) URL."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname or not _LINK.fullmatch(url)):
        raise ImproperlyConfigured(f"{name} must be a URL that begins with https:// (or http://).")
    return url


def require_ports(name: str, ports: list[str]) -> list[int]:
    """Return the ports as numbers. Raises ImproperlyConfigured if one is not a port."""
    if not all(re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) < 2**16 for port in ports):
        raise ImproperlyConfigured(f"{name} must be port numbers, separated by commas.")
    return [int(port) for port in ports]


class RequestLimit(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: int


SECONDS_OF = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def require_request_limit(name: str, limit: str, cache_backend: str) -> RequestLimit | None:
    """Return a limit such as ``600/minute``, or None if there is none.

    Raises ImproperlyConfigured if it is malformed, and if there is no Redis to count in.
    """
    if not limit:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,8})/(second|minute|hour|day)", limit, re.ASCII)
    if found is None:
        raise ImproperlyConfigured(f"{name} must be a number per second, minute, hour or day, such as 600/minute.")
    if cache_backend != "django.core.cache.backends.redis.RedisCache":
        raise ImproperlyConfigured(f"{name} needs a Redis to count in. Set CACHE_URL=redis://..., or unset the limit.")
    return RequestLimit(int(found[1]), SECONDS_OF[found[2]])


def require_contact(name: str, uri: str) -> str:
    """Return the URI. Raises ImproperlyConfigured if it is not "" or one that RFC 9116, section 2.5.3, permits."""
    if uri and not re.fullmatch(r"(https://|mailto:|tel:)[\x21-\x7e]+", uri):
        raise ImproperlyConfigured(f"{name} must begin with https://, mailto: or tel:.")
    return uri


def require_address(name: str, address: str) -> str:
    """Return the email address. Raises ImproperlyConfigured if it is not "" or one address without a name."""
    if address and not _ADDRESS.fullmatch(address):
        raise ImproperlyConfigured(f"{name} must be an email address.")
    return address


def require_sender(sender: str, *, default: Address) -> str:
    """Return the sender of emails with a name, as the From header shows it. Raises ImproperlyConfigured.

    "" means the default. An address without a name gets the name of the default. The domain is converted to IDNA
    (RFC 5891), because mail servers accept only ASCII in addresses.
    """
    if not sender:  # not parsed, because email.utils of Python 3.11.2 (Debian 12) does not read IPv6 addresses
        return str(default)
    refusal = ImproperlyConfigured("DEFAULT_FROM_EMAIL must be one address, such as Service <no-reply@your.host>.")
    [(name, address), *others] = getaddresses([sender]) or [("", "")]
    local, _, domain = address.rpartition("@")
    if others or not local or not domain or UNSAFE_IN_A_LINE.search(sender):
        raise refusal
    try:
        encoded = domain if domain.isascii() else idna.encode(domain).decode()
        return str(Address(name or default.display_name, local, encoded))
    except ValueError as error:
        raise refusal from error


def require_language(code: str, languages: list[tuple[str, str]]) -> str:
    """Return the language code. Raises ImproperlyConfigured if the language is not available."""
    if code not in dict(languages):
        raise ImproperlyConfigured(f"LANGUAGE_CODE must be one of {', '.join(dict(languages))}.")
    return code


# Which addresses of an issuer count (``accounts.jwt.issuers.AddressTrust``, which needs the settings).
ADDRESS_TRUST = ("verified", "verified_text", "all", "none")


def require_issuers(issuers: object) -> list[dict[str, str]]:
    """Return the JWT issuers.

    Raises ImproperlyConfigured if one has no issuer, audience or jwks_url, or an unknown value of ``addresses``.
    """
    if not isinstance(issuers, list) or not all(map(_is_issuer, issuers)):
        raise ImproperlyConfigured('JWT_ISSUERS must be a JSON list of {"issuer", "audience", "jwks_url"}.')
    if not all(urlsplit(issuer["jwks_url"]).scheme in {"http", "https"} for issuer in issuers):
        raise ImproperlyConfigured("Each jwks_url in JWT_ISSUERS must start with https:// (or http:// in development).")
    if not all(issuer.get("addresses", ADDRESS_TRUST[0]) in ADDRESS_TRUST for issuer in issuers):
        raise ImproperlyConfigured(f"addresses in JWT_ISSUERS must be one of {', '.join(ADDRESS_TRUST)}.")
    return issuers


# For each provider, the django-anymail settings that can authenticate its delivery reports. One of them must be set.
# WEBHOOK_SECRET ("user:password") is for reports without a signature, and is part of the webhook's URL.
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
# Extra packages that django-anymail needs for a provider and one of its settings.
WEBHOOK_PACKAGES = {("amazon_ses", "WEBHOOK_SECRET"): "boto3", ("resend", "RESEND_SIGNING_SECRET"): "svix"}


def require_signed_webhook(provider: str, anymail: dict[str, Any]) -> str:
    """Return the email provider that may send delivery reports, or "" if there is none.

    Raises ImproperlyConfigured if the provider's reports cannot be authenticated.
    """
    if not provider:
        return ""
    if provider not in WEBHOOK_PROOFS:
        raise ImproperlyConfigured(f"EMAIL_WEBHOOK must be one of {', '.join(WEBHOOK_PROOFS)}.")
    proofs = [name for name in sorted(WEBHOOK_PROOFS[provider]) if _is_proof(name, anymail.get(name))]
    if not proofs:
        wanted = " or ".join(sorted(WEBHOOK_PROOFS[provider]))
        raise ImproperlyConfigured(f"EMAIL_WEBHOOK={provider} needs {wanted} in ANYMAIL to authenticate reports.")
    for package in filter(None, (WEBHOOK_PACKAGES.get((provider, name)) for name in proofs)):
        if find_spec(package) is None:
            raise ImproperlyConfigured(f"EMAIL_WEBHOOK={provider} needs the Python package {package}.")
    return provider


def _is_proof(name: str, value: object) -> bool:
    """Return whether the value can authenticate reports. WEBHOOK_SECRET is "user:password", or a list of such."""
    secrets = value if isinstance(value, list) else [value]
    texts = [one for one in secrets if isinstance(one, str) and one and (name != "WEBHOOK_SECRET" or ":" in one)]
    return bool(secrets) and texts == secrets


def _is_issuer(issuer: object) -> bool:
    if not isinstance(issuer, dict) or set(issuer) - {"addresses"} != {"issuer", "audience", "jwks_url"}:
        return False
    return all(isinstance(value, str) and value for value in issuer.values())
