"""A receiver of webhooks in this process: it verifies each request and responds as a test says."""

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from hmac import compare_digest, digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Received(NamedTuple):
    """A verified webhook."""

    id: str
    body: bytes
    signatures: list[str]
    traceparent: str | None = None

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def type(self) -> str:
        return str(self.json["type"])


class Receiver:
    """What arrived, in order.

    ``respond`` returns the status for a webhook, and may wait. ``headers`` are in each response.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.received: list[Received] = []
        self.respond: Callable[[Received], int] = lambda received: 200
        self.headers: dict[str, str] = {}
        self.url = ""

    @property
    def types(self) -> list[str]:
        return [received.type for received in self.received]

    @property
    def ids(self) -> list[str]:
        return [received.id for received in self.received]

    def take(self, headers: Any, body: bytes) -> int:
        """Verify the signature as a receiver would, note the webhook and return the status."""
        signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
        own = digest(b64decode(self.secret.removeprefix("whsec_")), signed, sha256)
        signatures = headers["webhook-signature"].split(" ")
        if not any(compare_digest(own, b64decode(one.removeprefix("v1,"))) for one in signatures):
            return 401
        received = Received(headers["webhook-id"], body, signatures, headers["traceparent"])
        self.received.append(received)
        return self.respond(received)


@contextmanager
def receiving(secret: str) -> Iterator[Receiver]:
    """Run a receiver on a free port of this machine."""
    receiver = Receiver(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(self.headers, body))
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
        yield receiver
        server.shutdown()
        thread.join()
