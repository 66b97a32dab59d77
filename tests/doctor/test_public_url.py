"""Test what the doctor says about the proxy, and that the service shows what it sees only to the doctor."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from perfectworks.doctor.public_url import FORGED, judge, public_url
from perfectworks.request_mirror import PATH, PROOF_HEADER, Seen, new_proof

CLIENT = "198.51.100.4"


def sentences(findings):
    return [f"{found.level}: {found.text}" for found in findings]


@pytest.fixture
def behind_a_proxy(settings):
    settings.HTTPS, settings.ALLOWED_HOSTS, settings.ALLAUTH_TRUSTED_PROXY_COUNT = True, ["pw.example.com"], 1


@pytest.mark.parametrize("forwarded_for", [f"{FORGED}, {CLIENT}", CLIENT])
def test_a_proxy_that_appends_or_replaces_the_address_is_right(behind_a_proxy, forwarded_for):
    assert sentences(judge(Seen(True, "pw.example.com:443", CLIENT, forwarded_for))) == [
        f"ok: The service sees https=True, the host pw.example.com:443 and your address {CLIENT}."
    ]


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (Seen(False, "pw.example.com", CLIENT, CLIENT), "failure: People use https, but the service sees http."),
        (
            Seen(True, "10.0.0.7:8000", CLIENT, CLIENT),
            "failure: The service sees the host 10.0.0.7:8000, so it refuses every request with 400.",
        ),
        (
            Seen(True, "pw.example.com", FORGED, FORGED),
            "failure: The service believes the address that a client writes into X-Forwarded-For.",
        ),
        (
            Seen(True, "pw.example.com", "", ""),
            "failure: X-Forwarded-For has fewer addresses than ALLAUTH_TRUSTED_PROXY_COUNT (1).",
        ),
    ],
)
def test_a_wrong_header_is_named(behind_a_proxy, seen, sentence):
    assert sentences(judge(seen)) == [sentence]


def test_a_proxy_that_nobody_has_declared(settings, behind_a_proxy):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0

    assert sentences(judge(Seen(True, "pw.example.com", "10.0.0.1", f"{FORGED}, {CLIENT}"))) == [
        "warning: There is a proxy, but ALLAUTH_TRUSTED_PROXY_COUNT is 0, so all people share one rate limit."
    ]


def test_a_web_server_that_removes_the_header_is_no_proxy(settings, behind_a_proxy):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0

    assert sentences(judge(Seen(True, "pw.example.com", CLIENT, ""))) == [
        f"ok: The service sees https=True, the host pw.example.com and your address {CLIENT}."
    ]


def test_https_that_the_settings_do_not_know(settings):
    settings.HTTPS, settings.ALLOWED_HOSTS = False, ["pw.example.com"]

    assert sentences(judge(Seen(True, "pw.example.com", CLIENT, FORGED))) == [
        "failure: People use https, but PUBLIC_BASE_URL is http."
    ]


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_running_service(live_server, settings):
    settings.PUBLIC_BASE_URL = live_server.url

    [found] = sentences(public_url())
    assert found == f"ok: The service sees https=False, the host {live_server.url[7:]} and your address 127.0.0.1."

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert sentences(public_url()) == [
        "failure: The service believes the address that a client writes into X-Forwarded-For."
    ]


@pytest.mark.django_db(transaction=True)
def test_another_service_at_the_url(live_server, settings):
    settings.PUBLIC_BASE_URL = f"{live_server.url}/static"

    assert sentences(public_url()) == [
        f"failure: {live_server.url}/static answers 404 instead of what it sees of a request."
    ]


def test_a_url_that_cannot_be_reached(settings, unused_tcp_port):
    settings.PUBLIC_BASE_URL = f"http://127.0.0.1:{unused_tcp_port}"

    [found] = public_url()
    assert found.level == "unknown"
    assert "cannot be reached from here: [Errno 111] Connection refused" in found.text


@pytest.fixture
def unused_tcp_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("proof", [None, "", "doctor", "doctor:1tq:abc"])
def test_nobody_else_sees_it(client, proof):
    headers = {} if proof is None else {PROOF_HEADER: proof}

    response = client.get(PATH, headers=headers)

    assert (response.status_code, response.content) == (404, b"")


def test_the_proof_is_valid_for_a_minute(client):
    now = timezone.now()
    with time_machine.travel(now - timedelta(seconds=62)):
        old = new_proof()

    assert client.get(PATH, headers={PROOF_HEADER: old}).status_code == 404
    response = client.get(PATH, headers={PROOF_HEADER: new_proof(), "X-Forwarded-For": FORGED, "Host": "pw.test"})
    assert response.json() == {
        "is_https": False,
        "host": "pw.test",
        "client": "127.0.0.1",
        "forwarded_for": FORGED,
    }
    assert "no-store" in response.headers["Cache-Control"]


def test_only_reading_is_permitted(client):
    assert client.post(PATH, headers={PROOF_HEADER: new_proof()}).status_code == 405
