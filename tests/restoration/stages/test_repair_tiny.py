"""Repair takes pictures, and lines, of only a few pixels."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from restoration.stages import REPAIR
from restoration.stages.repair.line_follow import _steps_beside
from tests.restoration.stages import films


@pytest.mark.parametrize("engine", ["classical", "network"])
@pytest.mark.parametrize("name", ["gray", "yuv420p", "gbrp10le"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 4), (2, 2), (3, 3), (3, 40), (40, 2)])
def test_pictures_of_a_few_pixels_a_side_come_through_the_gate(
    monkeypatch: pytest.MonkeyPatch, width: int, height: int, name: str, engine: str
) -> None:
    monkeypatch.setattr(films, "WIDTH", width)
    monkeypatch.setattr(films, "HEIGHT", height)
    rng = np.random.default_rng(1)
    base = rng.random((height, width))
    lights = [np.clip(base + rng.normal(0, 0.1, base.shape), 0, 1) for _ in range(5)]
    clip = films.clip_of(lights, name)
    made, _ = films.run_stage(REPAIR, clip, engine=engine)
    assert len(made) == 5
    assert films.problems(clip, made) == []


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_line_of_less_than_four_rows_is_not_read_beyond_its_end(rows: int) -> None:
    """Not compiled, where reading beyond an array is an error."""
    luma = np.random.default_rng(1).random((rows, 200)).astype(np.float32) * 255
    steps = cast(Any, _steps_beside).py_func(
        luma,
        0,
        np.full(rows, 100, np.float32),
        2,
        np.zeros((1, 50, 2), np.float32),
        np.zeros((1, 50), np.float32),
    )
    assert len(steps) == 0
