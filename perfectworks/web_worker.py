"""A gunicorn worker that serves with waitress.

Gunicorn starts, watches and restarts the processes. In each process, waitress reads requests and runs the threads.
"""

import os
import resource
import time
from collections.abc import Sequence
from typing import Any

from gunicorn.workers.base import Worker

from perfectworks.process_metrics import note_pools, note_threads
from perfectworks.web_server import MAX_CONNECTIONS, RequestChannel, WebServer, serve_on, wait_and_serve

OTHER_FILES = 200  # database connections, temporary files, sockets to mail servers
SECONDS_BETWEEN_SAMPLES = 1
SECONDS_FOR_THREADS = 1  # to stop, when their requests are finished


class WebWorker(Worker):
    """One web process."""

    servers: Sequence[WebServer] = ()
    sampled_at = 0.0

    def run(self) -> None:
        """Serve until the worker is told to stop, then finish the requests that have arrived."""
        allow_open_files(MAX_CONNECTIONS + OTHER_FILES)
        self.channels: dict[int, Any] = {}
        listeners = [listener.sock for listener in self.sockets]
        self.servers = [serve_on(listener, self.wsgi, self.cfg.threads, self.channels) for listener in listeners]
        while self.alive and self.ppid == os.getppid():
            self.step()
        self.finish()

    def step(self) -> None:
        """Serve for up to a second. Tell gunicorn that the process is alive."""
        self.notify()
        self.sample()
        wait_and_serve(self.channels)

    def sample(self) -> None:
        """Note for the metrics how busy this process is, once a second."""
        now = time.monotonic()
        if now >= self.sampled_at + SECONDS_BETWEEN_SAMPLES:
            self.sampled_at = now
            note_pools()
            note_threads([server.task_dispatcher for server in self.servers])

    def finish(self) -> None:
        """Accept no more connections, and close each one when its response is sent."""
        latest = time.monotonic() + self.cfg.graceful_timeout
        for server in self.servers:
            server.accepting = False
        while self.close_idle() and time.monotonic() < latest:
            self.step()
        for server in self.servers:
            server.stop_threads(timeout=SECONDS_FOR_THREADS)

    def close_idle(self) -> int:
        """Close the connections that are not busy. Return the number of all that are open."""
        channels: list[RequestChannel] = [one for server in self.servers for one in server.active_channels.values()]
        for channel in channels:
            channel.will_close = channel.will_close or not channel.is_busy()
        return len(channels)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM. Interrupt the wait in `step`."""
        super().handle_exit(sig, frame)
        for server in self.servers:
            server.pull_trigger()


def allow_open_files(number: int) -> None:
    """Raise the soft limit of open files, if it is lower and the hard limit permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
