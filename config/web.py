"""gunicorn's settings: threads for pages, for films that are watched, for open rooms."""

from __future__ import annotations

import os
import signal
from typing import Any

from config import tether

worker_class = "gthread"
workers = 2
threads = 12 + int(os.environ.get("LIVE_STREAMS", "16"))  # each open room may hold one
preload_app = True  # the program is read once, and its memory shared
timeout = 60
graceful_timeout = 5
keepalive = 5
control_socket_disable = True
if os.path.isdir("/dev/shm"):  # noqa: PTH112, S108  # gunicorn makes its own file there
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def post_fork(server: Any, worker: Any) -> None:
    """Tie each worker to the master: killed outright, it could not stop them."""
    tether.tie(signal.SIGTERM, parent=server.pid)


def post_worker_init(worker: Any) -> None:
    worker.log.info("Web worker %s is ready for requests", worker.pid)
