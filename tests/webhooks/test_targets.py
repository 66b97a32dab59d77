"""Test that no webhook goes to an address inside a network, however the address is written."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any

import pytest

from webhooks.sending import send
from webhooks.targets import Target, TargetRefused, is_public, parse_target

# Hosts that are loopback, private, link-local, metadata, multicast or otherwise not in the public Internet.
REFUSED_HOSTS = (
    # This machine
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "[::1]", "[::]", "localhost", "LOCALHOST"),
    *("localhost.", "hooks.localhost"),
    # The network of this machine
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "[fd00::1]", "[fc00::1]", "[fec0::1]"),
    *("169.254.0.1", "[fe80::1]", "[fe80::1%25eth0]"),
    # Metadata services of clouds
    *("169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "[fd00:ec2::254]"),
    *("metadata.google.internal", "metadata"),
    # Multicast, broadcast, documentation, benchmarks, reserved
    *("224.0.0.1", "239.255.255.250", "255.255.255.255", "[ff02::1]", "192.0.2.1", "198.18.0.1", "198.51.100.7"),
    *("203.0.113.7", "240.0.0.1", "192.88.99.1", "[2001:db8::1]", "[3fff::1]", "[100::1]"),
    # IPv4 in IPv6: mapped, compatible, 6to4, NAT64, Teredo, ISATAP
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::127.0.0.1]"),
    *("[64:ff9b:1::7f00:1]", "[2001:0:7f00:1::]", "[2a00:1450::5efe:7f00:1]", "[::ffff:0:127.0.0.1]"),
    # Other forms of 127.0.0.1: octal, hexadecimal, decimal, short, other digits
    *("0177.0.0.1", "0177.0.0.01", "017700000001", "0x7f.0.0.1", "0x7f000001", "2130706433", "127.1"),
    *("127.0.1", "127.0.0.1.", "0", "127.0.0.0x1"),
    *("\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021"),
    # No hosts
    *("router", "printer.local", "nas.home.arpa", "[127.0.0.1]", "%31%32%37.0.0.1", "127.0.0.1%00.example.com"),
)  # fmt: skip

NAME, IN_ASCII = "hooks.example.com", "xn--bcher-kva.example.com"


@pytest.fixture
def listeners(settings: Any) -> Iterator[list[socket.socket]]:
    """Listen on loopback, by IPv4 and IPv6, on a port that the settings allow."""
    with ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = first.getsockname()[1]
        second = stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
        settings.WEBHOOK_PORTS = [port]
        yield [first, second]


def has_connection(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_the_table_is_long_enough():
    assert len(set(REFUSED_HOSTS)) >= 60


def test_a_listener_on_loopback_sees_no_connection(listeners: list[socket.socket]):
    port = listeners[0].getsockname()[1]
    for host in REFUSED_HOSTS:
        with pytest.raises(TargetRefused):
            parse_target(f"https://{host}:{port}/")
        assert send(f"https://{host}:{port}/", {}, b"{}").status is None, host
    assert [has_connection(listener) for listener in listeners] == [False, False]


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "::1", "10.0.0.1", "::ffff:127.0.0.1", "fe80::1%lo", "64:ff9b::7f00:1"]
)
def test_a_public_name_with_an_inside_address_is_refused(
    listeners: list[socket.socket], monkeypatch: pytest.MonkeyPatch, inside: str
):
    """If the name has a public address too, it is refused all the same."""
    port = listeners[0].getsockname()[1]
    resolves_to(monkeypatch, ["93.184.216.34", inside])

    reply = send(f"https://hooks.example.com:{port}/", {}, b"{}")

    assert (reply.status, reply.line) == (None, "The host has an address that is not in the public Internet.")
    assert [has_connection(listener) for listener in listeners] == [False, False]


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example.com/", "ftp://hooks.example.com/", "//hooks.example.com/", "hooks.example.com", ""),
        *("https://hooks.example.com:8443/", "https://hooks.example.com:80/", "https://hooks.example.com:0/"),
        *("https://hooks.example.com:99999/", "https://hooks.example.com:x/", "https:///path", "https://"),
        *("https://ann@hooks.example.com/", "https://ann:secret@hooks.example.com/", "https://hooks.example.com/#part"),
        *("https://hooks.example.com/#", "https://hooks.example.com\\@127.0.0.1/", "https://hooks.example.com/a b"),
        *("https://hooks.example.com/\n", "https://hooks.example.com/\u00e4", "https://-.example.com/", "https://a..com/"),
        *("https://[2606:4700::1/", "https://[2606:4700::1%25eth0]/"),
        *("https://hooks_1.example.com/", f"https://hooks.example.com/{'x' * 2048}"),
    ],
)  # fmt: skip
def test_a_url_that_is_refused(url: str):
    with pytest.raises(TargetRefused):
        parse_target(url)


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://hooks.example.com", Target(True, "hooks.example.com", 443, "/"), "hooks.example.com"),
        ("HTTPS://Hooks.Example.com:443/a?b=1", Target(True, "hooks.example.com", 443, "/a?b=1"), NAME),
        ("https://hooks.example.com:8443/", Target(True, "hooks.example.com", 8443, "/"), "hooks.example.com:8443"),
        ("https://b\u00fccher.example.com/x", Target(True, IN_ASCII, 443, "/x"), IN_ASCII),
        ("https://93.184.216.34/", Target(True, "93.184.216.34", 443, "/"), "93.184.216.34"),
        ("https://[2606:4700::1111]/", Target(True, "2606:4700::1111", 443, "/"), "[2606:4700::1111]"),
    ],
)  # fmt: skip
def test_a_url_that_is_accepted(settings: Any, url: str, target: Target, authority: str):
    settings.WEBHOOK_PORTS = [443, 8443]

    assert parse_target(url) == target
    assert target.authority == authority


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111"])
def test_a_public_address(address: str):
    assert is_public(ip_address(address))


def resolves_to(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> list[Any]:
    """Let the name server respond with these addresses. Return the list of questions."""
    questions: list[Any] = []

    def answer(host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:
        questions.append(host)
        return [(socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return questions
