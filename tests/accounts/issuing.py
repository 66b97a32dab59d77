"""An identity provider for tests. A local web server publishes its keys, and ``token`` signs tokens with them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

NAME = "https://issuer.example.com"
AUDIENCE = "perfectworks"


@cache
def private_key(key_id: str) -> rsa.RSAPrivateKey:
    """Return the key with this id. Keys are cached, because generating a key is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key_id: str) -> bytes:
    return private_key(key_id).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key_id: str, **changes: Any) -> dict[str, Any]:
    """Return one entry of a JWKS (RFC 7517)."""
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(private_key(key_id).public_key(), as_dict=True), "kid": key_id} | {
        "use": "sig",
        **changes,
    }


def jwks(*key_ids: str) -> dict[str, Any]:
    return {"keys": [jwk(key_id) for key_id in key_ids]}


def certificate(key_id: str) -> str:
    """Return a self-signed X.509 certificate. Google publishes the keys of Firebase in this form."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    unsigned = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=private_key(key_id).public_key(),
        serial_number=1,
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    )
    return unsigned.sign(private_key(key_id), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token, with ``changes`` applied. A change to None removes the claim."""
    now = int(time.time())
    good = {
        "iss": NAME,
        "aud": AUDIENCE,
        "sub": "subject-1",
        "iat": now,
        "exp": now + 600,
        "auth_time": now,
        "email": "newcomer@example.com",
        "email_verified": True,
        "name": "New Comer",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(key_id: str = "first", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a token signed with one of our keys."""
    return jwt.encode(claims(**changes), private_key(key_id), "RS256", headers={"kid": key_id, **(headers or {})})


class KeyServer(ThreadingHTTPServer):
    """A web server that serves one document and counts the requests. Tests replace ``serve`` to simulate failures."""

    daemon_threads = True

    def __init__(self, document: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.document = document
        self.requests = 0
        self.released = threading.Event()
        self.serve: Callable[[_Handler], None] = serve_document

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect. Some tests do this."""


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.requests += 1
        self.server.serve(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def serve_document(handler: _Handler) -> None:
    """Send the document."""
    body = json.dumps(handler.server.document).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def fail(handler: _Handler) -> None:
    handler.send_error(503)


def redirect(handler: _Handler) -> None:
    """Redirect to the document, which is at another path of this server."""
    if handler.path == "/elsewhere":
        serve_document(handler)
    else:
        handler.send_response(302)
        handler.send_header("Location", "/elsewhere")
        handler.end_headers()


def hang_up(handler: _Handler) -> None:
    """Close the connection in the middle of the body."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"keys": [')


def speak_gibberish(handler: _Handler) -> None:
    handler.wfile.write(b"SSH-2.0-nobody\r\n\r\n")


def stall(handler: _Handler) -> None:
    """Send nothing until the test ends."""
    handler.server.released.wait(20)


def drip(handler: _Handler) -> None:
    """Send single bytes slowly, so that no single read times out."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b" ")
        handler.wfile.flush()


@contextmanager
def serving_keys(document: Any) -> Iterator[KeyServer]:
    """Run a key server during the block."""
    server = KeyServer(document)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
