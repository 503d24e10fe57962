"""Stretches of a clip that motion and light may be followed through: between edges and marks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple


class Segment(NamedTuple):
    """Half-open range of scan frames."""

    start: int
    stop: int


def split_at_marks(start_frame: int, end_frame: int, marks: Iterable[int]) -> list[Segment]:
    """Cut [start_frame, end_frame) before every mark that lies inside it."""
    inside = sorted({mark for mark in marks if start_frame < mark < end_frame})
    edges = [start_frame, *inside, end_frame]
    return [Segment(a, b) for a, b in itertools.pairwise(edges) if b > a]
