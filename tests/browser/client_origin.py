"""A client's web server. Its origin differs from the origin of the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

PAGE = b'<!DOCTYPE html><link rel="icon" href="data:,"><h1>Back at the client</h1>'


class Callback(BaseHTTPRequestHandler):
    """Record the query parameters of each request."""

    server: "Listener"

    def do_GET(self) -> None:
        self.server.queries.append(dict(parse_qsl(urlsplit(self.path).query)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Do not log."""


class Listener(HTTPServer):
    """A server on a free port. `queries` has the query parameters of all requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Callback)
        self.queries: list[dict[str, str]] = []
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.uri = f"{self.origin}/callback"


@contextmanager
def listening() -> Iterator[Listener]:
    """Run the server during the block."""
    server = Listener()
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
