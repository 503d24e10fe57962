"""A faint scratch cannot be told in one pixel, but it can be along the whole of it."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.stages.repair.line_evidence import line_evidence

HEIGHT, WIDTH = 360, 480
SIGMA = 4.0


def _grain(seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    slope = np.linspace(60, 180, WIDTH)[None]
    return (slope + SIGMA * rng.standard_normal((HEIGHT, WIDTH))).astype(np.float32)


def _scratched(codes: float, lean: float, *, width: float = 2.0, rows: slice = slice(None)):
    """The grain with a line through the middle, and the columns that it runs through."""
    columns = WIDTH / 2 + lean * (np.arange(HEIGHT) - HEIGHT / 2)
    away = np.abs(np.arange(WIDTH)[None] - columns[:, None])
    line = codes * np.clip(width / 2 + 0.5 - away, 0, 1)
    kept = np.zeros((HEIGHT, 1))
    kept[rows] = 1.0
    return (_grain() + kept * line).astype(np.float32), np.rint(columns).astype(int)


@pytest.mark.parametrize("lean", [0.0, 0.04, -0.085])
@pytest.mark.parametrize("codes", [5.0, -5.0])
def test_a_line_as_faint_as_the_grain_stands_out_with_its_sign(codes: float, lean: float) -> None:
    luma, columns = _scratched(codes, lean)
    along = line_evidence(luma)[np.arange(HEIGHT), columns][40:-40]
    assert np.median(along * np.sign(codes)) > 3.0


def test_evidence_has_unit_deviation_without_a_line() -> None:
    evidence = line_evidence(_grain())
    assert 0.7 < float(evidence.std()) < 1.3
    assert float(np.abs(evidence).max()) < 6.0


def test_an_edge_is_no_line() -> None:
    luma = _grain()
    luma[:, WIDTH // 2 :] += 60
    beside = line_evidence(luma)[60:-60, WIDTH // 2 - 3 : WIDTH // 2 + 3]
    assert float(np.abs(np.median(beside, axis=0)).max()) < 3.0


def test_a_line_is_found_where_it_is_and_not_beyond_its_ends() -> None:
    luma, columns = _scratched(12.0, 0.0, rows=slice(180, None))
    along = line_evidence(luma)[np.arange(HEIGHT), columns]
    assert along[260:320].min() > 4.0 and np.abs(along[:60]).max() < 3.0


def test_pictures_too_small_to_tell_give_nothing() -> None:
    assert not line_evidence(np.ones((12, 480), np.float32)).any()
    assert line_evidence(np.ones((200, 30), np.float32)).shape == (200, 30)
