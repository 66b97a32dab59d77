"""The service with a limit of requests per credential that is never reached, to measure what the limit costs."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.processes import Server, cpu_seconds_of, serve
from bench.targets import Target
from tests.support.redis_server import RedisServer, running_redis

NAME = "service with a limit"
MEASURED = (
    *("organization, by API key", "organization, by OAuth token", "profile, by session"),
    *("house: list of 20", "Upsun: list of 20", "Wacht: list of 20", "ZenML: my invitations", "house: invite"),
)


class LimitedServer(Server):
    """A web server whose Redis counts as its database, too."""

    def __init__(self, server: Server, redis: RedisServer) -> None:
        super().__init__(server.process, server.port, server.database, server.url)
        self.redis = redis

    def cpu_seconds(self) -> tuple[float, float]:
        """Return the CPU time of the web server, and that of its database and its Redis."""
        web, database = super().cpu_seconds()
        return web, database + cpu_seconds_of(self.redis.process.pid)


@contextmanager
def serve_limited(database: str, url: str) -> Iterator[dict[str, Server]]:
    """Serve the service with a limit and a Redis, if there is a redis-server. Yield the server by its name."""
    if not shutil.which("redis-server"):
        print("Without the price of a limit, as redis-server cannot be found.")
        yield {}
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        running_redis(Path(folder)) as redis,
        serve(
            "perfectworks.wsgi:application", database, url,
            CACHE_URL=redis.url, REQUEST_LIMIT_PER_CREDENTIAL="100000000/hour",
        ) as server,
    ):  # fmt: skip
        yield {NAME: LimitedServer(server, redis)}


def limited_targets(targets: list[Target], servers: dict[str, Server]) -> list[Target]:
    """Return some targets again, for the server with a limit. Each is compared to the one without."""
    return [
        replace(target, name=f"{target.name}, with a limit", server=name, reference=target.name, peer="")
        for name in servers
        for target in targets
        if target.name in MEASURED
    ]
