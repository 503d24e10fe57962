"""Faces too small to be known are counted and told, whatever the enlargement shows of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from restoration import weights
from restoration.stages.upscale import small_faces
from restoration.stages.upscale.faces_network import FaceFinder, _Net, _strongest
from restoration.stages.upscale.stage import STAGE
from tests.restoration.stages.upscale.clips import enlarge, small_clip


class Finder:
    """Two faces in every picture, in pixels of twice the source: one small, one of 30 pixels."""

    def find(self, picture: np.ndarray, *, least: float, most: float) -> np.ndarray:
        assert picture.shape == (60, 82) and (least, most) == (20, 48)
        return np.array([[10, 12, 42, 52], [0, 0, 60, 60]], np.float32)


def test_small_faces_are_counted_in_one_frame_of_twelve_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small_faces, "open_finder", Finder)
    _, facts = enlarge(small_clip(frames=14, marks=(13,)), scale=2, tile=64, text=False)
    assert facts["small_faces"] == [
        {"frame": number, "faces": [[5, 6, 16, 20]]} for number in (0, 12, 13)
    ]
    assert facts["to_review"].startswith("1 face under 24 px was enlarged in frame 0: details are")
    assert facts["to_review"] in facts["warnings"]


def test_nobody_is_looked_for_where_nothing_is_made_up_or_nobody_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small_faces, "open_finder", Finder)
    for params in ({"engine": "resample"}, {"faces": False, "text": False, "tile": 64}):
        _, facts = enlarge(small_clip(frames=1), scale=2, **params)
        assert (facts["small_faces"], facts["to_review"], facts["warnings"]) == ([], "", [])


def test_without_the_detector_it_is_said_that_nobody_was_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path))
    _, facts = enlarge(small_clip(frames=1), scale=2, tile=64)
    assert "weights fetch mtcnn" in facts["warnings"][0]
    # The Scene page shows what is to be reviewed, above the decision.
    assert facts["to_review"].startswith("small faces were not looked for")
    assert small_faces.WEIGHTS not in STAGE.weights(STAGE.params())


def test_several_faces_and_frames_are_put_in_words() -> None:
    frames = [{"frame": 3, "faces": [[0] * 4]}, {"frame": 15, "faces": [[0] * 4] * 3}]
    said = small_faces.words(frames)
    assert said.startswith("3 faces under 24 px were enlarged in frame 15: details are invented")
    assert small_faces.words([]) == ""


def test_of_boxes_that_say_the_same_the_strongest_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 30, 40, 40]], float)
    assert sorted(_strongest(boxes, np.array([0.7, 0.9, 0.8]), 0.5)) == [1, 2]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(_Net([(10, 3, 2)], (0, 0), (2, 4)).state_dict(), tmp_path / "net.pt")
    with pytest.raises(RuntimeError, match="conv2"):
        FaceFinder(*[tmp_path / "net.pt"] * 3)


@pytest.mark.skipif(
    weights.find(small_faces.WEIGHTS).state() != "present", reason="weights not fetched"
)
def test_the_published_weights_load_whole_and_find_nobody_in_noise() -> None:
    finder = small_faces.open_finder()
    assert finder is not None
    noise = np.random.default_rng(1).uniform(0, 1, (40, 60)).astype(np.float32)
    assert small_faces.small_faces(finder, noise) == []
