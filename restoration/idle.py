"""A stand-in for `execution.execute` that makes nothing at once: what is left is the engine. PLAIN.

Named by the setting RUN_EXECUTOR when the engine's own cost is measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from restoration.orders import Made, Order

TOTALS = {"structure": {"ADJUSTED": 1}, "colour": {"ADJUSTED": 1}, "pixels": 1}


def execute(order: Order, progress: Callable[[int, int], None]) -> Made:
    frames = order.end_frame - order.start_frame
    progress(frames, frames)
    digest = hashlib.sha256(str(order.out_folder).encode()).hexdigest()
    return Made({"stage": order.stage}, digest, TOTALS, None, {})
