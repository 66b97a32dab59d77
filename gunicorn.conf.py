"""How the web server runs; gunicorn finds this file by its name. WEB_CONCURRENCY says how many processes."""

import os

from core.logs import logging_settings
from perfectworks.environment import Environment

env = Environment()

bind = f"{env.str('HOST', default='127.0.0.1')}:{env.int('PORT', default=8000)}"
worker_class = "gthread"
threads = env.int("WEB_THREADS", default=8)
timeout = 60
# What is longer is refused by the program, in the words of the API that was asked.
limit_request_line = 8190
limit_request_field_size = 16_380
graceful_timeout = 20
# Heartbeats go to memory where there is such a place: a busy disk would look like a hanging worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# Nobody steers the server while it runs.
control_socket_disable = True

# Request lines carry mailed links: every log, this one too, passes the redacting formatter.
accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
logconfig_dict = logging_settings(
    env.str("LOG_LEVEL", default="INFO").upper(), as_json=not env.bool("DEBUG", default=False)
)
