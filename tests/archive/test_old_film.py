"""Real old film, of every kind that is at hand: REELPROOF_FILM names the folder it lies in."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from archive import accession, custody, derived
from archive.inspection import check_scan
from archive.media.errors import BrokenSequence
from archive.media.frames import FrameTable
from archive.media.sequence import DECODERS
from archive.models import Scan

VIDEOS = {".mp4", ".mkv", ".mov", ".avi", ".mxf"}
RATE_OF_FOLDERS = Fraction(16)


def films() -> list[Path]:
    """Video files, and folders that hold numbered frames."""
    named = os.environ.get("REELPROOF_FILM")
    if not named:
        return []
    home = Path(named)
    home = home / "old_film" if (home / "old_film").is_dir() else home
    found = [path for path in home.rglob("*") if path.suffix.lower() in VIDEOS]
    folders = {path.parent for path in home.rglob("*") if path.suffix.lower() in DECODERS}
    return sorted([*found, *folders])


def has_gaps(path: Path) -> bool:
    """Single frames picked out of a film are no sequence."""
    numbers = [int(file.stem) for file in path.glob("*") if file.stem.isdecimal()]
    return bool(numbers) and max(numbers) - min(numbers) + 1 != len(numbers)


@pytest.mark.film
@pytest.mark.django_db
@pytest.mark.parametrize("path", films(), ids=lambda path: path.name)
def test_it_is_taken_into_custody_whole(path: Path, media_home: Path) -> None:
    rate = RATE_OF_FOLDERS if path.is_dir() else None
    before = [(file.name, file.stat().st_mtime_ns) for file in sorted(path.parent.iterdir())]

    if has_gaps(path):
        with pytest.raises(BrokenSequence, match="missing"):
            accession.ingest(path, title=path.stem, rate=rate)
        assert not Scan.objects.exists()
        return
    result = accession.ingest(path, title=path.stem, rate=rate)

    scan = result.scan
    assert scan.derivatives == Scan.Derivatives.READY, scan.derivatives_error
    assert len(derived.frame_table(scan)) == scan.frames
    assert len(FrameTable.load(derived.folder(scan) / derived.PROXY_FRAMES)) == scan.frames
    if path.is_dir():
        assert scan.frames == sum(1 for file in path.iterdir() if file.suffix in DECODERS)
    assert check_scan(scan).outcome == "intact"
    assert custody.verify_chain(f"reel:{scan.reel_id}") == []
    assert before == [
        (file.name, file.stat().st_mtime_ns) for file in sorted(path.parent.iterdir())
    ]
