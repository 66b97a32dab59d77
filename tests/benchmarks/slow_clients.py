"""Measure how long others wait while slow clients keep connections open: ``python -m tests.benchmarks.slow_clients``.

Start the service first, and pass its port. It prints the response times of one client, in milliseconds, before the
slow clients connect and while they are connected.
"""

import argparse
import http.client
import resource
import selectors
import socket
import statistics
import threading
import time

HEAD = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
BODY = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n"


class SlowClients:
    """Connections that send one byte a second: ``heads`` in a header, ``bodies`` in a body; ``silent`` send nothing."""

    def __init__(self, port: int, *, heads: int, bodies: int, silent: int) -> None:
        self.sending = [self.connect(port, HEAD) for _ in range(heads)] + [
            self.connect(port, BODY) for _ in range(bodies)
        ]
        self.silent = [self.connect(port, b"") for _ in range(silent)]
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.drip)
        self.thread.start()

    def connect(self, port: int, first: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(first)
        return connection

    def drip(self) -> None:
        while not self.stopped.wait(1):
            for connection in self.sending:
                try:
                    connection.sendall(b"a")
                except OSError:
                    continue

    def open_connections(self) -> int:
        """Return how many connections the server has not closed."""
        with selectors.DefaultSelector() as selector:
            for connection in self.sending + self.silent:
                selector.register(connection, selectors.EVENT_READ)
            return len(self.sending + self.silent) - len(selector.select(timeout=0))

    def close(self) -> None:
        self.stopped.set()
        self.thread.join()
        for connection in self.sending + self.silent:
            connection.close()


def response_time(port: int, path: str) -> float:
    """Return the time of one request on a new connection, in milliseconds."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()
    return (time.perf_counter() - started) * 1000


def show(title: str, port: int, path: str, seconds: float) -> None:
    """Print the times of requests that are sent one after the other for some seconds."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        times.append(response_time(port, path))
        time.sleep(0.02)
    median, slowest = statistics.median(times), max(times)
    print(f"{title:40} {len(times):4} requests  median {median:6.1f} ms  slowest {slowest:6.1f} ms")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("port", type=int)
    options.add_argument("--path", default="/accounts/login/")
    options.add_argument("--seconds", type=float, default=8)
    options.add_argument("--scale", type=int, default=1, help="multiplies the number of slow clients")
    arguments = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port, path, scale = arguments.port, arguments.path, arguments.scale
    response_time(port, path)  # loads the templates
    show("nobody else", port, path, arguments.seconds)
    for kinds in ({"heads": 40}, {"bodies": 40}, {"heads": 100, "bodies": 100, "silent": 300}):
        numbers = {"heads": 0, "bodies": 0, "silent": 0} | {kind: count * scale for kind, count in kinds.items()}
        clients = SlowClients(port, **numbers)
        try:
            show(", ".join(f"{count} {kind}" for kind, count in numbers.items()), port, path, arguments.seconds)
            print(f"  still connected: {clients.open_connections()}")
        finally:
            clients.close()


if __name__ == "__main__":
    main()
