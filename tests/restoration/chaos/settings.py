"""The project's settings for what runs under faults: short times, else as it ships."""

from __future__ import annotations

import os
from pathlib import Path

from config.settings import *  # noqa: F403

MEDIA_HOME = Path(os.environ["CHAOS_MEDIA"])
RUN_EXECUTOR = "tests.restoration.chaos.executor:unhurried"
RUN_LEASE_SECONDS = 4
RUN_LEFTOVER_SECONDS = 0
RUN_RESEND_SECONDS = 4
RUN_SPARE_BYTES = 0  # so that runs meet a disk that is full
RUN_LIBRARIES = ()
"""No stage of these runs needs torch, and a worker that is started every few seconds no wait."""
