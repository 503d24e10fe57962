"""The real `execute`, slow enough for a fault to meet a run of eight frames in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable

from restoration.execution import execute
from restoration.orders import Made, Order

FRAME_SECONDS = 0.02


def unhurried(order: Order, progress: Callable[[int, int], None]) -> Made:
    def tell(done: int, total: int) -> None:
        progress(done, total)
        time.sleep(FRAME_SECONDS)

    return execute(order, tell)
