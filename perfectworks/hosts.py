"""Host names and origins in the settings, in the form that browsers send.

Browsers send Unicode names as A-labels (RFC 5891), letters in lower case, IPv6 addresses in brackets, and no default
port. A host in any other form would never match a request.
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

import idna
from django.core.exceptions import ImproperlyConfigured

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
MAX_LENGTH = 253
DEFAULT_PORTS = {"http": 80, "https": 443}
ANY = "*"


def require_origin(name: str, url: str) -> str:
    """Return the URL of the setting `name` as scheme://host[:port]. Raises ImproperlyConfigured for anything else."""
    parts = _split(url)
    if parts is None or not _is_bare(parts):
        raise ImproperlyConfigured(f"{name} must be http(s)://host[:port] without a path.")
    return f"{parts.scheme}://{_require(name, parts.hostname or '', browser_host)}{_port(parts)}"


def require_origins(name: str, urls: list[str]) -> list[str]:
    """Return the origins of the setting `name`. `https://*.host` stands for all subdomains of a host."""
    origins = []
    for url in urls:
        scheme, wildcard, host = url.partition(f"://{ANY}.")
        origin = require_origin(name, f"{scheme}://{host}" if wildcard else url)
        origins.append(origin.replace("://", f"://{ANY}.", 1) if wildcard else origin)
    return origins


def require_cors_origins(name: str, urls: list[str]) -> list[str]:
    """Return the origins of the setting `name`. Those of other schemes, such as browser extensions, are unchanged."""
    return [require_origin(name, url) if url.startswith(("http:", "https:")) else url for url in urls]


def require_hosts(name: str, hosts: list[str]) -> list[str]:
    """Return the hosts of the setting `name`. `.host` stands for a host and its subdomains, and `*` for all hosts."""
    return [_require(name, host, _allowed_host) for host in hosts]


def host_of(origin: str) -> str:
    """Return the host of an origin, as in a Host header without a port."""
    host = urlsplit(origin).hostname or ""
    return f"[{host}]" if ":" in host else host


def email_domain(host: str) -> str:
    """Return the host as the domain of an email address. IPv6 addresses have a prefix (RFC 5321, section 4.1.3)."""
    return host.replace("[", "[IPv6:", 1)


def browser_host(host: str) -> str:
    """Return a host as browsers send it. Raises ValueError if browsers or Django refuse it."""
    if ":" in host:
        if "%" in host:
            raise ValueError("Browsers refuse a zone.")
        return f"[{IPv6Address(host).compressed}]"
    name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    labels = name.split(".")
    if len(name) > MAX_LENGTH or not all(map(LABEL.fullmatch, labels)):
        raise ValueError("This is not a host name.")
    return str(IPv4Address(name)) if NUMBER.fullmatch(labels[-1]) else name


def _allowed_host(host: str) -> str:
    if host == ANY:
        return host
    dot = "." if host.startswith(".") else ""
    return dot + browser_host(host.removeprefix(".").removeprefix("[").removesuffix("]"))


def _require(name: str, host: str, form: Callable[[str], str]) -> str:
    try:
        return form(host)
    except (ValueError, AddressValueError, idna.IDNAError) as error:
        raise ImproperlyConfigured(f"{name} contains {host!r}, which is not a host name or an IP address.") from error


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None  # reading the port raises ValueError if it is not valid
    except ValueError:
        return None


def _is_bare(parts: SplitResult) -> bool:
    rest = parts._replace(scheme="", netloc="").geturl()
    return parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and rest in ("", "/") and "@" not in parts.netloc


def _port(parts: SplitResult) -> str:
    return "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
