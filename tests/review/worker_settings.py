"""The engine tests' settings, with the places of deliveries."""

from __future__ import annotations

import os
from pathlib import Path

from tests.restoration.engine.worker_settings import *  # noqa: F403

DELIVERY_HOME = Path(os.environ["DELIVERY_TEST_HOME"])
DELIVERY_ASSEMBLER = os.environ["DELIVERY_TEST_ASSEMBLER"]
