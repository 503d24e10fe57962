"""The project's settings, with the times and places of the test that started this worker."""

from __future__ import annotations

import os
from pathlib import Path

from config.settings import *  # noqa: F403

MEDIA_HOME = Path(os.environ["ENGINE_TEST_MEDIA"])
RUN_EXECUTOR = os.environ["ENGINE_TEST_EXECUTOR"]
RUN_LEASE_SECONDS = float(os.environ["ENGINE_TEST_LEASE"])
RUN_LEFTOVER_SECONDS = 0
RUN_RESEND_SECONDS = 1
