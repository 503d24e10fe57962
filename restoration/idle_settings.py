"""The project's settings with a stage that does nothing, to measure workers as they really run."""

from __future__ import annotations

from config.settings import *  # noqa: F403  (settings are names in a module)

RUN_EXECUTOR = "restoration.idle:execute"
