"""What compiled loops ask of an order is what NumPy says of it, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.imaging.ranks import median, nth, stable_order


def _values(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if seed % 2:  # many equal ones
        return (rng.integers(-9, 9, count) * np.float32(0.37)).astype(np.float32)
    return rng.standard_normal(count).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 16, 17, 1001, 4096])
def test_it_is_what_numpy_says(count: int) -> None:
    for seed in range(6):
        values = _values(count, seed)
        place = seed * count // 6
        assert nth(values.copy(), place) == np.partition(values, place)[place]
        assert median(values.copy()) == float(np.median(values))
        assert np.array_equal(stable_order(values), np.argsort(values, kind="stable"))


def test_of_no_values_there_is_no_median() -> None:
    assert np.isnan(median(np.empty(0, np.float32)))
    assert stable_order(np.empty(0, np.float32)).size == 0
