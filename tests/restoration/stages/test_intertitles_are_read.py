"""The cards of a silent film become lines of kind intertitle, with a confidence of the letters."""

from __future__ import annotations

import importlib.util
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from fixtures.newsreel.cards import card
from restoration import weights
from restoration.speech.transcript import CLOCK, from_json
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip
from restoration.stages.transcribe.stage import STAGE
from restoration.stages.transcribe.titles import _joined

GREY = PIXEL_FORMATS["gray"]

needs_reader = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None
    or weights.find("ppocr-v4").state() != "present",
    reason="needs [speech], and: python -m restoration weights fetch ppocr-v4",
)


def silent_film() -> MemoryClip:
    """Ten dirty frames of a card, ten black ones, ten of another card; 16 frames a second."""
    random = np.random.default_rng(3)
    cards = [
        card(("The next morning", 30), ("in the desert", 30)),
        None,
        card(("Where is my horse?", 30)),
    ]
    pictures = []
    for shown in cards:
        for _ in range(10):
            luma = np.zeros((480, 640)) if shown is None else shown * 255
            dirty = np.clip(luma + random.normal(0, 6, luma.shape), 0, 255).astype(np.uint8)
            top, left = random.integers(0, 400, 2)
            dirty[top : top + 40, left : left + 6] = 255
            pictures.append(Picture(GREY, (dirty,)))
    height, width = pictures[0].planes[0].shape
    return MemoryClip(pictures, PictureFormat(width, height, GREY, Fraction(16)))


@needs_reader
def test_a_card_is_a_line_for_as_long_as_it_is_shown() -> None:
    params = STAGE.parse({"titles": [[0, 10], [10, 20], [20, 30]], "language": "en"})
    facts = STAGE.run(silent_film(), params, lambda done, total: None).facts
    said = from_json(json.loads(json.dumps(facts)))
    assert [line.kind for line in said.lines] == ["intertitle", "intertitle"]
    assert [line.text for line in said.lines] == [
        "The next morning in the desert",
        "Where is my horse?",
    ]
    assert [(line.start, line.end) for line in said.lines] == [
        (0, 10 * CLOCK // 16),
        (20 * CLOCK // 16, 30 * CLOCK // 16),
    ]
    assert all((word.confidence or 0) > 0.85 for word in said.words)
    assert all(word.timed == "interpolated" for word in said.words)
    assert not any(line.doubts for line in said.lines)
    assert facts["titles_read"] == 2


def test_without_sound_and_cards_it_says_what_to_do() -> None:
    with pytest.raises(StageError, match=r"no sound.*intertitles are read once the stage cuts"):
        STAGE.run(silent_film(), STAGE.parse({}), lambda done, total: None)


@pytest.mark.parametrize("wrong", [[[3, 3]], [[1, 2, 3]], [["1", 2]], [5]])
def test_what_is_no_span_of_frames_is_refused(wrong: list[object]) -> None:
    with pytest.raises(StageError, match="pairs of frames"):
        STAGE.parse({"titles": wrong})


def test_a_word_that_was_parted_at_the_end_of_a_row_is_whole_again() -> None:
    assert _joined(["He has for-", "gotten us -", "Farewell"]) == "He has forgotten us - Farewell"


def test_a_model_of_english_alone_cannot_translate() -> None:
    with pytest.raises(StageError, match=r"tiny\.en hears English alone; to translate name base"):
        STAGE.parse({"translate": True})


def test_the_command_line_refuses_a_silent_film_without_cards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fixtures.clips import write_clip
    from restoration.__main__ import main

    film = write_clip(tmp_path / "silent.mkv", frames=8)
    assert main(["transcribe", str(film)]) == 2
    assert "has no sound, and no intertitle was found" in capsys.readouterr().err
