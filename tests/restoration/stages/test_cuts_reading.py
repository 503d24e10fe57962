"""The network is shown a film of any length in order, and only where something changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restoration.stages.cuts.reading import STEP, WINDOW, Reading
from restoration.stages.cuts.thumbnails import Thumbnail, make_thumbnail
from tests.restoration.stages.films import moving, picture_of


class Echo:
    """In the network's place: answers each frame with its own brightness."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def window(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.seen.append(len(frames))
        answers = frames.mean(axis=(1, 2, 3)).astype(np.float32)
        return answers, answers + 1000


def _film(count: int) -> list[Thumbnail]:
    plain = make_thumbnail(0, picture_of(moving(1)[0]))
    levels = [np.full((27, 48, 3), 90 + n % 40, np.uint8) for n in range(count)]
    return [
        replace(plain, frame=n, colour=c, mean=110.0, spread=50.0) for n, c in enumerate(levels)
    ]


def _read(count: int, busy: range) -> tuple[Echo, np.ndarray, np.ndarray]:
    network = Echo()
    reading = Reading(network)
    for thumbnail in _film(count):
        reading.feed(thumbnail, busy=thumbnail.frame in busy)
    single, every = reading.finish(lambda: None)
    reading.close()
    return network, single, every


@pytest.mark.parametrize("count", [1, STEP - 1, STEP, STEP + 1, WINDOW, 3 * STEP + 17])
def test_every_frame_gets_its_own_answer(count: int) -> None:
    _, single, every = _read(count, range(count))
    assert single.tolist() == [90 + n % 40 for n in range(count)]
    assert every.tolist() == [1090 + n % 40 for n in range(count)]


@pytest.mark.parametrize("start", [0, 100, STEP - 1, STEP, STEP + 5, 2 * STEP - 3])
def test_only_what_lies_around_a_change_is_looked_at(start: int) -> None:
    network, single, _ = _read(3 * STEP, range(start, start + 4))
    wanted = [90 + n % 40 for n in range(3 * STEP)]
    near = slice(max(0, start - 3), start + 6)
    assert single[near].tolist() == wanted[near]
    assert single[: max(0, start - 20)].sum() == 0 and single[start + 30 :].sum() == 0
    assert sum(network.seen) < WINDOW


def test_two_changes_far_apart_are_two_short_looks() -> None:
    network = Echo()
    reading = Reading(network)
    for thumbnail in _film(STEP):
        reading.feed(thumbnail, busy=thumbnail.frame in (20, 120))
    single, _ = reading.finish(lambda: None)
    reading.close()
    assert len(network.seen) == 2 and sum(network.seen) < WINDOW
    assert single[[20, 120]].tolist() == [110, 90 + 120 % 40] and single[60] == 0


def test_a_film_in_which_nothing_changes_is_not_looked_at() -> None:
    network, single, every = _read(2 * STEP, range(0))
    assert network.seen == []
    assert len(single) == len(every) == 2 * STEP and single.sum() == every.sum() == 0
