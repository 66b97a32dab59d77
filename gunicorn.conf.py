"""The configuration of gunicorn, which finds this file by its name.

WEB_CONCURRENCY sets the number of processes.
"""

import gc
import os
import shutil
from tempfile import mkdtemp
from typing import Any

from core.logs import logging_settings
from perfectworks import __version__
from perfectworks.environment import Environment, listening_address

env = Environment()

if env.secret("METRICS_TOKEN"):
    # The processes count in files of this folder. Each start has a new one. Set before prometheus_client is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(prefix="perfectworks-metrics-")

gc.disable()  # until the application is loaded: everything that it loads is kept, so a collection finds no garbage

bind = listening_address(env.str("HOST", default="127.0.0.1"), env.int("PORT", default=8000))
worker_class = "perfectworks.web_worker.WebWorker"
preload_app = True  # the processes share the memory of what `perfectworks.wsgi` has loaded
threads = env.int("WEB_THREADS", default=8)
timeout = 60
graceful_timeout = 20
# Heartbeat files are in memory if possible. On a busy disk, a late heartbeat would get the worker killed.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# The control socket is not used.
control_socket_disable = True

# Messages of the processes. `perfectworks.web_server` writes the access log.
logconfig_dict = logging_settings(
    env.str("LOG_LEVEL", default="INFO").upper(), as_json=not env.bool("DEBUG", default=False)
)


def when_ready(server: Any) -> None:
    """Log which release runs."""
    server.log.info("web server ready", extra={"release": __version__})


def pre_fork(server: Any, worker: Any) -> None:
    """Exempt what is loaded from garbage collection, which would write to the shared memory."""
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """Collect garbage in the process that answers requests."""
    gc.enable()


def child_exit(server: Any, worker: Any) -> None:
    """Forget how busy a process was that has ended. What it counted stays."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Delete the files of the metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
