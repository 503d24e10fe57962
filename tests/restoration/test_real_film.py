"""Whole clips of real film from file to file: the hard gate holds on every frame of them."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest

from archive.media.decode import open_source
from archive.media.probe import probe
from restoration.__main__ import main
from restoration.mapfile import MapReader
from restoration.verification import verify_take

pytestmark = [pytest.mark.film, pytest.mark.slow]

VIDEOS = {".mp4", ".mkv", ".webm", ".avi", ".mov"}
FRAMES = {".png", ".jpg", ".tif", ".tiff", ".dpx"}


def films() -> list[Path]:
    """Every video and every folder of frames below the folder of old film."""
    named = os.environ.get("REELPROOF_FILM")
    if not named:
        return []
    root = Path(named) / "old_film" if (Path(named) / "old_film").is_dir() else Path(named)
    found = [path for path in root.rglob("*") if path.suffix.lower() in VIDEOS]
    found += {path.parent for path in root.rglob("*") if path.suffix.lower() in FRAMES}
    return sorted(found)


@pytest.mark.parametrize("film", films(), ids=lambda path: path.name)
def test_no_original_pixel_differs(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, labels = tmp_path / "out.mkv", tmp_path / "map.mkv"
    rate = ["--rate", "16"] if film.is_dir() else []
    asked = ["restore", str(film), str(out), "--stage", "deflicker,repair", "--json"]
    assert main([*asked, "--map", str(labels), *rate]) == 0
    document = json.loads(capsys.readouterr().out)
    with open_source(film, rate=Fraction(16) if film.is_dir() else None) as scan:
        assert document["frames"] == len(scan)
        assert verify_take(scan, out, labels, 0) == []
    assert MapReader(labels).totals().as_json() == document["totals"]
    assert len(probe(out).audio) == (0 if film.is_dir() else len(probe(film).audio))
