"""To which addresses webhooks may be sent: https URLs whose host is in the public Internet, never inside a network.

Without this check, anybody with an endpoint could make the service send requests to its own network and read what is
there. ``parse_target`` checks the text of a URL, ``resolve`` the IP addresses of its host. The caller must connect to
an address that ``resolve`` returned, because the name may have another address a moment later.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from urllib.parse import urlsplit

import idna
from django.conf import settings

from core.web_addresses import MAX_LENGTH

IPAddress = IPv4Address | IPv6Address
_URL = re.compile(r"https?://[!-\[\]-~]+", re.IGNORECASE)  # visible ASCII without the backslash
_NUMERIC_LABEL = re.compile(
    r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE
)  # after such a last label, browsers read an IPv4 address
# Names that no public server has (RFC 6761, 6762, 8375, 9476 and the draft of .internal).
_INSIDE_NAMES = ("localhost", "local", "internal", "home.arpa", "onion", "alt", "invalid", "test")
_PUBLIC_IPV6 = IPv6Network("2000::/3")  # IANA has given out no other addresses for public use
_ISATAP = {0x00005EFE, 0x02005EFE}  # the third quarter of an IPv6 address that contains an IPv4 address (RFC 5214)
# The networks of the IANA registries of special-purpose addresses that are in public ranges or that versions of Python
# judge differently, and the metadata service of Azure.
_INSIDE: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # Teredo is in 2001::/23; 2002::/16 is 6to4
    )
)


class TargetRefused(Exception):
    """Webhooks are not sent to this URL. The text of the error is a sentence that says why."""


@dataclass(frozen=True)
class Target:
    """The parts of a URL. ``host`` is a name in ASCII or an IP address without brackets. ``path`` has the query."""

    is_https: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header ``Host``: without the port if it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Return the parts of a URL that passes every check that needs no name server. Raises TargetRefused.

    ``WEBHOOK_ALLOW_PRIVATE`` permits http, every port and names of the own network.
    """
    url = _in_ascii(url)
    if len(url) > MAX_LENGTH or not _URL.fullmatch(url):
        raise TargetRefused("Enter a URL that begins with https://.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise TargetRefused("The host of this URL is not valid.") from error
    if "@" in parts.netloc or parts.fragment or url.endswith("#"):
        raise TargetRefused("The URL must not contain a user name, a password or a fragment.")
    is_https = parts.scheme == "https"
    if not is_https and not settings.WEBHOOK_ALLOW_PRIVATE:
        raise TargetRefused("The URL must begin with https://.")
    port = (443 if is_https else 80) if port is None else port
    target = Target(is_https, host, port, f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}")
    _require_port(target.port)
    _require_host(target.host)
    return target


def resolve(target: Target, *, seconds: float) -> list[IPAddress]:
    """Return the IP addresses of the host. Raises TargetRefused if one of them is not in the public Internet.

    The name server has ``seconds`` to respond. Raises TimeoutError if it does not, and OSError if it has no address.
    """
    found = _look_up(target, seconds)
    for address in found:
        if not settings.WEBHOOK_ALLOW_PRIVATE and not is_public(address):
            raise TargetRefused("The host has an address that is not in the public Internet.")
    return found


def is_public(address: IPAddress) -> bool:
    """Return whether the address is in the public Internet and contains no other address.

    IPv6 addresses are public only in 2000::/3. This refuses IPv4-mapped and IPv4-compatible addresses and NAT64 too.
    """
    if isinstance(address, IPv6Address) and (
        address not in _PUBLIC_IPV6 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
    ):
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _INSIDE)


def _in_ascii(url: str) -> str:
    """Return the URL with its host in A-labels. Raises TargetRefused if the host is not a name."""
    if url.isascii():
        return url
    scheme, separator, rest = url.partition("://")
    end = next((place for place, character in enumerate(rest) if character in "/?#:"), len(rest))
    try:
        return f"{scheme}{separator}{idna.encode(rest[:end], uts46=True).decode()}{rest[end:]}"
    except idna.IDNAError as error:
        raise TargetRefused("The host of this URL is not valid.") from error


def _require_port(port: int) -> None:
    if not settings.WEBHOOK_ALLOW_PRIVATE and port not in settings.WEBHOOK_PORTS:
        allowed = " or ".join(map(str, settings.WEBHOOK_PORTS))
        raise TargetRefused(f"The port must be {allowed}.")


def _require_host(host: str) -> None:
    """Raise TargetRefused unless the host is a public name, or a public IP address in its usual form.

    A name may end with a dot. Octal, hexadecimal, decimal and shortened IPv4 addresses are refused.
    """
    literal = _literal(host)
    if literal is not None:
        if not settings.WEBHOOK_ALLOW_PRIVATE and not is_public(literal):
            raise TargetRefused("The host is an address that is not in the public Internet.")
        return
    name = host.removesuffix(".")
    try:
        idna.encode(name, uts46=True, std3_rules=True)
    except idna.IDNAError as error:
        raise TargetRefused("The host of this URL is not valid.") from error
    if _NUMERIC_LABEL.fullmatch(name.rpartition(".")[2]):
        raise TargetRefused("Write an IP address in its usual form.")
    inside = "." not in name or any(f".{name}".endswith(f".{suffix}") for suffix in _INSIDE_NAMES)
    if inside and not settings.WEBHOOK_ALLOW_PRIVATE:
        raise TargetRefused("The host is a name that is not in the public Internet.")


def _literal(host: str) -> IPAddress | None:
    """Return the IP address that the host is, or None if it is not one. Raises TargetRefused for a zone."""
    if "%" in host:
        raise TargetRefused("The host of this URL is not valid.")
    try:
        return ip_address(host)
    except ValueError:
        return None


def _look_up(target: Target, seconds: float) -> list[IPAddress]:
    """Ask the name server once. A thread waits for it, because the system's resolver accepts no time limit."""
    found: list[IPAddress] = []
    failed: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            for *_, address in socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM):
                found.append(ip_address(str(address[0]).partition("%")[0]))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    resolver = Thread(target=ask, daemon=True)
    resolver.start()
    resolver.join(max(seconds, 0))
    if resolver.is_alive():
        raise TimeoutError("timed out")
    if failed:
        raise OSError("the name of the host has no address") from failed[0]
    return list(dict.fromkeys(found))
