"""The edge of the gate is no defect, however the network takes it."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages.repair.deciding import along_edge

SHAPE = (120, 160)


def _box(left: int, top: int, width: int, height: int) -> np.ndarray:
    return np.array([[left, top, width, height, width * height]], np.int32)


@pytest.mark.parametrize(
    "box", [(156, 10, 4, 60), (0, 40, 3, 30), (20, 0, 80, 4), (30, 117, 60, 3)]
)
def test_a_strip_along_an_edge_is_left(box: tuple[int, int, int, int]) -> None:
    assert along_edge(_box(*box), SHAPE).tolist() == [True]


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ((80, 10, 4, 60), "inside the picture"),
        ((156, 10, 4, 10), "a speck that touches the edge"),
        ((130, 10, 30, 60), "a blotch that touches the edge"),
    ],
)
def test_a_defect_is_none_for_touching_an_edge(box: tuple[int, int, int, int], why: str) -> None:
    assert along_edge(_box(*box), SHAPE).tolist() == [False], why
