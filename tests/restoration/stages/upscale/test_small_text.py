"""Writing too small to be read is counted and told, whatever the enlargement shows of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from restoration.stages.upscale import small_text
from restoration.stages.upscale.limits import text_words
from restoration.stages.upscale.stage import STAGE
from restoration.writing import Box
from tests.restoration.stages.films import scenery
from tests.restoration.stages.upscale.clips import enlarge, small_clip

needs_finder = pytest.mark.skipif(
    not small_text.can_look(),
    reason="needs [speech], and: python -m restoration weights fetch ppocr-v4",
)


def finds(*boxes: Box) -> small_text.Finder:
    """A finder that sees these in every tile, in pixels of the tile with its rim of 32."""
    return lambda picture, rows, columns: list(boxes)


SHORT = Box(42, 44, 72, 56, 0.9)


def test_small_writing_is_counted_in_one_frame_of_twelve_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small_text, "open_finder", lambda: finds(SHORT))
    _, facts = enlarge(small_clip(frames=14, marks=(13,)), scale=2, tile=64, faces=False)
    assert facts["small_text"] == [
        {"frame": number, "places": [[10, 12, 30, 12]]} for number in (0, 12, 13)
    ]
    assert facts["to_review"] == (
        "1 place of writing under 9 px was enlarged in frame 0: letters may be invented "
        "(3 of the frames looked at have such)"
    )


def test_large_writing_things_that_are_none_and_what_the_next_tile_sees_are_not_counted() -> None:
    large = Box(40, 40, 100, 70, 0.9)
    block = Box(42, 44, 56, 56, 0.9)
    doubtful = Box(42, 44, 72, 56, 0.5)
    in_the_rim = Box(5, 44, 35, 56, 0.9)
    luma = np.zeros((400, 400), np.float32)
    seen = small_text.small_text(finds(large, block, doubtful, in_the_rim), luma)
    assert seen == []
    # 400 pixels are two tiles each way, of 384 and 16 pixels: the smaller ones end before it.
    assert small_text.small_text(finds(SHORT), luma) == [(10, 12, 30, 12)]


def test_several_places_and_frames_are_put_in_words() -> None:
    frames = [{"frame": 3, "places": [[0] * 4]}, {"frame": 15, "places": [[0] * 4] * 3}]
    said = text_words(frames)
    assert said.startswith("3 places of writing under 9 px were enlarged in frame 15: letters may")
    assert text_words([]) == ""


def test_without_the_detector_it_is_said_that_no_writing_was_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path))
    _, facts = enlarge(small_clip(frames=1), scale=2, tile=64, faces=False)
    assert facts["to_review"].startswith("small writing was not looked for")
    assert "weights fetch ppocr-v4" in facts["warnings"][0]
    assert small_text.WEIGHTS not in STAGE.weights(STAGE.params())


@needs_finder
def test_words_on_a_wall_are_found_where_they_are_small_and_not_where_they_are_large() -> None:
    assert small_text.WEIGHTS in STAGE.weights(STAGE.params())
    finder = small_text.open_finder()
    assert finder is not None
    for capital, found in ((7, True), (20, False)):
        wall = scenery(5, width=960, height=720).astype(np.float32) * 0.3
        put = (4 * 60, 4 * 100)
        cv2.putText(wall, "GRAND HOTEL", put, cv2.FONT_HERSHEY_DUPLEX, 4 * capital / 22, 0.9, 6)
        luma = cv2.resize(wall, (240, 180), interpolation=cv2.INTER_AREA)
        seen = small_text.small_text(finder, np.asarray(luma, np.float32))
        assert [place for place in seen if abs(place.top + place.height / 2 - 97) < 8] == seen
        assert bool(seen) is found
