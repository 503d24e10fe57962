"""Tiles leave no seams, shrink when memory runs out, and stretches of frames none either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restoration import weights
from restoration.imaging.tiles import tiles
from restoration.stages.contract import StageError
from restoration.stages.upscale import compact
from restoration.stages.upscale.basicvsr import stretches
from restoration.stages.upscale.compact import Compact, choose_side, load_compact
from restoration.stages.upscale.network import REACH
from restoration.stages.upscale.params import NETWORK
from restoration.stages.upscale.size import Size
from tests.restoration.stages.films import scenery
from tests.restoration.stages.upscale.clips import enlarge, small_clip

ROWS, COLUMNS = 70, 90


@pytest.fixture(scope="module")
def network() -> Path:
    return weights.require(NETWORK)


@pytest.fixture(scope="module")
def luma() -> np.ndarray:
    return scenery(4, width=COLUMNS, height=ROWS).astype(np.float32)


def engine(path: Path, tile: int) -> Compact:
    return Compact(load_compact(path), Size(ROWS, COLUMNS, 4 * ROWS, 4 * COLUMNS), tile=tile)


def test_tiles_cover_the_picture_once() -> None:
    seen = np.zeros((ROWS, COLUMNS), int)
    for tile in tiles(ROWS, COLUMNS, 32):
        seen[tile.inside] += 1
    assert (seen == 1).all()


def test_tiled_is_whole(network: Path, luma: np.ndarray) -> None:
    whole = engine(network, 128).by_four(luma)
    tiled = engine(network, 32).by_four(luma)
    for one, other in zip(whole, tiled, strict=True):
        assert np.abs(one - other).max() < 1e-5


def test_whole_code_values_are_the_same_with_other_tiles() -> None:
    (whole,), _ = enlarge(small_clip("gray", frames=1), scale=3)
    (tiled,), facts = enlarge(small_clip("gray", frames=1), scale=3, tile=32)
    assert whole.picture.same_codes(tiled.picture)
    assert np.array_equal(whole.structure, tiled.structure)
    assert facts["tile"] == 32


def test_the_network_sees_no_further_than_its_rim(network: Path, luma: np.ndarray) -> None:
    changed = luma.copy()
    changed[35, 45] += 0.2
    before, after = (engine(network, 128).by_four(one)[0] for one in (luma, changed))
    rows, columns = np.nonzero(np.abs(after - before) > 1e-6)
    assert rows.size
    assert (rows // 4 >= 35 - REACH).all() and (rows // 4 <= 35 + REACH).all()
    assert (columns // 4 >= 45 - REACH).all() and (columns // 4 <= 45 + REACH).all()


def test_a_pass_takes_no_more_than_a_quarter_of_the_free_memory() -> None:
    assert choose_side(64 << 30) == compact.SIDES[0]
    assert choose_side(64 << 20) < choose_side(4 << 30)
    assert choose_side(0) == compact.SIDES[-1]


def test_tiles_are_halved_when_memory_runs_out(
    network: Path, luma: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = engine(network, 128)
    run = Compact._run

    def limited(self: Compact, rimmed: np.ndarray, tile: object) -> object:
        if self._side > 32:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return run(self, rimmed, tile)  # type: ignore[arg-type]

    monkeypatch.setattr(Compact, "_run", limited)
    detail, _ = made.by_four(luma)
    assert made.notes() == {"tile": 32, "tile_halvings": 2}
    monkeypatch.undo()
    assert np.abs(detail - engine(network, 128).by_four(luma)[0]).max() < 1e-5


def test_what_fits_in_no_tile_is_refused(
    network: Path, luma: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Compact, "_run", nothing)
    with pytest.raises(StageError, match="not even a tile of 32 x 32"):
        engine(network, 128).by_four(luma)


def test_other_errors_are_not_taken_for_a_lack_of_memory(
    network: Path, luma: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr(Compact, "_run", wrong)
    with pytest.raises(RuntimeError, match="sizes"):
        engine(network, 128).by_four(luma)


@pytest.mark.parametrize("frames", [1, 2, 5, 6, 7, 12, 13, 20])
def test_every_frame_is_new_in_one_stretch_with_its_neighbours_around(frames: int) -> None:
    given = [np.full((1, 1), n, np.float32) for n in range(frames)]
    new: list[int] = []
    for held, those in stretches(iter(given), new=5, overlap=2):
        numbers = [int(frame[0, 0]) for frame in held]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert len(numbers) <= 9
        for number in numbers[those]:
            around = range(max(0, number - 2), min(frames, number + 3))
            assert set(around) <= set(numbers)
        new += numbers[those]
    assert new == list(range(frames))
