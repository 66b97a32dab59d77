"""Measure requests in turn, and print the table."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import islice
from statistics import quantiles
from time import perf_counter

from bench.processes import Server
from bench.targets import FLOOR, SELECT_ONE, Request, Target


@dataclass
class Result:
    """What the requests of one kind took: CPU seconds in sum, and the duration of each in seconds."""

    web: float = 0
    database: float = 0
    durations: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """The CPU time of a request, of the web server and the database, in milliseconds."""
        return 1e3 * (self.web + self.database) / len(self.durations)

    def share(self, part: float) -> float:
        """Return a part of the CPU time for a request, in milliseconds."""
        return 1e3 * part / len(self.durations)

    def percentile(self, percent: int) -> float:
        """Return a percentile of the durations, in milliseconds."""
        return 1e3 * quantiles(self.durations, n=100)[percent - 1]


def measure(targets: list[Target], servers: Mapping[str, Server], rounds: int, requests: int) -> dict[str, Result]:
    """Send the requests of each target in each round, and return the results by the names of the targets."""
    results = {target.name: Result() for target in targets}
    connections = {name: server.connect() for name, server in servers.items()}
    for target in targets:
        list(send(connections[target.server], target, 1 if target.is_slow else target.warm_up))
    for _ in range(rounds):
        for target in targets:
            server, result = servers[target.server], results[target.name]
            connection = connections[target.server]
            connection.close()  # the server may have closed it while the others were measured
            connection.connect()
            before = server.cpu_seconds()
            result.durations += send(connection, target, 1 if target.is_slow else requests)
            after = server.cpu_seconds()
            result.web += after[0] - before[0]
            result.database += after[1] - before[1]
    return results


def send(connection: HTTPConnection, target: Target, times: int) -> Iterator[float]:
    """Send the next requests of a target and yield their durations.

    Raises RuntimeError for an unexpected status, and if the target has fewer requests (``seed.GUESTS``).
    """
    requests = list(islice(target.requests, times))
    if len(requests) < times:
        raise RuntimeError(f"{target.name}: there are no more requests. Use fewer rounds.")
    for request in requests:
        start = perf_counter()
        exchange(connection, request, target.name)
        yield perf_counter() - start


def exchange(connection: HTTPConnection, request: Request, name: str) -> bytes:
    """Send a request and return the body of the response. Raises RuntimeError for an unexpected status."""
    body = None if request.body is None else json.dumps(request.body)
    headers = request.headers | ({"Content-Type": "application/json"} if body else {})
    connection.request(request.method, request.path, body, headers)
    response = connection.getresponse()
    content = response.read()
    if not 200 <= response.status < 300:
        raise RuntimeError(f"{name}: {response.status} {content[:300]!r}")
    return content


def table(targets: list[Target], results: Mapping[str, Result], statements: Mapping[str, int]) -> list[str]:
    """Return the lines of the table, in Markdown. It has a column for better-auth if that was measured."""
    peer = ["of better-auth"] if any(target.peer in results for target in targets) else []
    columns = ["", "of reference", *peer, "of floor", "CPU ms", "web", "database", "p50 ms", "p95 ms", "statements"]
    rows = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    floor = results[SELECT_ONE].cpu
    for target in targets:
        result = results[target.name]
        compared_to = [target.reference, target.peer] if peer else [target.reference]
        rows.append(
            [
                target.name,
                *(f"{result.cpu / results[name].cpu:.2f}" if name else "" for name in compared_to),
                f"{result.cpu / floor:.1f}" if target.name != FLOOR else "",
                f"{result.cpu:.2f}",
                f"{result.share(result.web):.2f}",
                f"{result.share(result.database):.2f}",
                f"{result.percentile(50):.1f}",
                f"{result.percentile(95):.1f}",
                str(statements.get(target.name, "")),
            ]
        )
    return [f"| {' | '.join(row)} |" for row in rows]
