"""The storyboard as one picture: how every scene begins and ends, and what was said of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.__main__ import main
from restoration.cli_sheet import describe_marks, write_sheet

TONES = (40, 90, 140, 190, 230)
"""One for each scene of eight frames; the tone grows by 2 in each frame."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "five scenes.mkv"
    form = PictureFormat(64, 48, PIXEL_FORMATS["gray"], Fraction(18))
    with PictureWriter(path, form) as writer:
        for number in range(8 * len(TONES)):
            tone = TONES[number // 8] + 2 * (number % 8)
            writer.write(Picture(form.pixel, (np.full((48, 64), tone, np.uint8),)))
    return path


def draw(film: Path, out: Path, findings: dict) -> np.ndarray:
    with open_source(film) as source:
        write_sheet(source, findings, out, lambda done, total: None)
    return np.asarray(Image.open(out).convert("RGB"))


def pictures(sheet: np.ndarray) -> list[int]:
    """The tones of all pictures in reading order; a picture has more than 20,000 pixels."""
    grey = sheet[..., 1]
    tones, counts = np.unique(grey, return_counts=True)
    large = [int(tone) for tone, count in zip(tones, counts, strict=True) if count > 20_000]
    # The median is inside the picture, whatever grey of that tone the writing has.
    places = {
        tuple(np.median(np.argwhere(grey == tone), axis=0) // 20): tone
        for tone in large
        if tone >= TONES[0]
    }
    return [places[place] for place in sorted(places)]


def test_every_scene_shows_its_first_and_last_frame(film: Path, tmp_path: Path) -> None:
    findings = {"cuts": [8, 16, 24, 32], "confidence": [0.9] * 4}
    sheet = draw(film, tmp_path / "sheet.png", findings)
    assert pictures(sheet) == [tone + last for tone in TONES for last in (0, 14)]


def test_a_doubtful_cut_stands_out(film: Path, tmp_path: Path) -> None:
    sure = draw(film, tmp_path / "sure.png", {"cuts": [8], "confidence": [0.9]})
    doubtful = draw(film, tmp_path / "doubtful.png", {"cuts": [8], "confidence": [0.6]})
    amber = (240, 178, 60)
    assert not (sure == amber).all(axis=2).any()
    assert (doubtful == amber).all(axis=2).any()


def test_marks_are_told_by_kind_and_not_all_if_they_are_many() -> None:
    marks = [{"frame": n, "kind": "duplicate"} for n in range(6)]
    marks.insert(2, {"frame": 40, "kind": "splice"})
    assert describe_marks(marks) == "duplicate 0 1 2 3 and 2 more, splice 40"
    assert describe_marks([]) == ""
    unsure = [{"frame": 86, "kind": "splice", "confidence": 0.61}]
    assert describe_marks(unsure) == "splice 86 (.61)", "doubt is told"


def test_what_is_told_of_many_marks_stays_beneath_its_scene(film: Path, tmp_path: Path) -> None:
    kinds = ("black", "duplicate", "flash", "splice")
    marks = [{"frame": n, "kind": kind, "confidence": 0.6} for kind in kinds for n in range(1, 6)]
    facts = {"cuts": [8], "confidence": [0.9]}
    told = draw(film, tmp_path / "told.png", facts | {"marks": marks})
    plain = draw(film, tmp_path / "plain.png", facts)
    assert told.shape[0] > plain.shape[0], "more lines"
    beneath, beside = told[plain.shape[0] - 20 :, :368], told[plain.shape[0] - 20 :, 368:]
    assert np.ptp(beneath) > 0
    assert np.ptp(beside.reshape(-1, 3), axis=0).max() == 0


def test_the_command_draws_it_and_does_not_replace_another(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.png"
    assert main(["cuts", str(film), "--sheet", str(out)]) == 0
    drawn = out.read_bytes()
    assert main(["cuts", str(film), "--sheet", str(out)]) == 2
    assert "give another name or --force" in capsys.readouterr().err
    assert main(["cuts", str(film), "--sheet", str(out), "--force"]) == 0
    assert out.read_bytes() == drawn
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


@pytest.mark.parametrize(
    ("name", "said"), [("sheet.jpg", "end its name in .png"), ("none/sheet.png", "make it first")]
)
def test_what_cannot_be_written_is_said_before_the_film_is_read(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert main(["cuts", str(film), "--sheet", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err
