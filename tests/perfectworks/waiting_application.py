"""A WSGI application that responds to ``/wait`` when something is written to the FIFO in the variable FIFO."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Return what was written, or ``at once`` for other paths."""
    body = Path(os.environ["FIFO"]).read_bytes() if environ["PATH_INFO"] == "/wait" else b"at once"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
