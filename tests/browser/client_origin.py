"""A client's own web server, on another origin than ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

PAGE = b'<!DOCTYPE html><link rel="icon" href="data:,"><h1>Back at the client</h1>'


class Callback(BaseHTTPRequestHandler):
    """Notes how it was called."""

    server: "Listener"

    def do_GET(self) -> None:
        self.server.told.append(dict(parse_qsl(urlsplit(self.path).query)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


class Listener(HTTPServer):
    """Answers at a free port."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Callback)
        self.told: list[dict[str, str]] = []
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.uri = f"{self.origin}/callback"


@contextmanager
def listening() -> Iterator[Listener]:
    """One that answers for as long as the block runs."""
    server = Listener()
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
