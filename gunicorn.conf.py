"""The configuration of gunicorn. WEB_CONCURRENCY is the number of processes."""

import os

from core.logs import logging_settings
from perfectworks.environment import Environment

env = Environment()

bind = f"{env.str('HOST', default='127.0.0.1')}:{env.int('PORT', default=8000)}"
worker_class = "gthread"
threads = env.int("WEB_THREADS", default=8)
timeout = 60
# Longer requests reach Django, which returns the error in the format of the requested API.
limit_request_line = 8190
limit_request_field_size = 16_380
graceful_timeout = 20
# Heartbeats are files in memory if possible: on a busy disk, workers would seem to hang.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# Nobody steers the server while it runs.
control_socket_disable = True

# Request lines carry mailed links: every log, this one too, passes the redacting formatter.
accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
logconfig_dict = logging_settings(
    env.str("LOG_LEVEL", default="INFO").upper(), as_json=not env.bool("DEBUG", default=False)
)
