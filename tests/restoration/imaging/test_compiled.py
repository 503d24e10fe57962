"""Loops are compiled with and without a place to keep the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from restoration.imaging.compiled import compiled

SOURCE = """
def total(values):
    held = 0.0
    for value in values:
        held += value
    return held
"""


def _total_from_nowhere() -> Callable[[Any], float]:
    """A function whose source lies in no file, so that nothing can be kept beside it."""
    names: dict[str, Any] = {}
    exec(SOURCE, names)
    return names["total"]


def test_a_loop_that_cannot_be_kept_is_compiled_all_the_same() -> None:
    values = np.arange(100) / 7.0
    plain = _total_from_nowhere()
    assert compiled(plain)(values) == plain(values)
