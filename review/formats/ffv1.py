"""The master: approved takes joined to one FFV1 file with the scan's sound, and one map beside it.

Nothing is computed on the way: every code value is the take's, which is checked by the MD5 of each
frame after reading the file back, and the hard gate is held against the scan once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.media.decode import PictureSource, open_source
from archive.media.encode import PictureWriter
from archive.media.frames import FrameTable
from archive.media.sound import sound_of
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import Totals
from restoration.recording import FrameDigest, picture_md5
from restoration.verification import read_back
from review.formats.edition import DeliveryError, Edition, EditionScan

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all); may raise to stop."""


@dataclass(frozen=True, slots=True)
class Master:
    """What was written and read back."""

    picture: Path
    provenance: Path
    frames: int
    framemd5: str
    """SHA-256 over the frames' MD5s, a line each."""
    totals: Totals


def open_scan(scan: EditionScan) -> PictureSource:
    """The scan, as it was taken into custody."""
    table = FrameTable.load(scan.table) if scan.table is not None else None
    return open_source(scan.path, rate=scan.rate, table=table)


def write_master(
    picture: Path, provenance: Path, edition: Edition, *, progress: Progress
) -> Master:
    """Join the takes, read the result back and check it.

    Args:
        progress: counts every frame twice: written, and read back.
    Raises: DeliveryError if a take is not what its manifest says, or the joined file breaks the
        hard gate; MediaError, OSError.
    """
    with open_scan(edition.scan) as scan:
        written = _join(picture, provenance, edition, scan, progress)
        frames = len(scan)
        found = read_back(
            scan,
            picture,
            provenance,
            start_frame=0,
            on_frame=lambda done: progress(frames + done, 2 * frames),
        )
    problems = list(found.violations)
    if found.framemd5 != written.framemd5 or found.frames != frames:
        problems.append("the pictures read back are not those of the takes")
    if found.totals != written.totals:
        problems.append("the map read back has other totals than the takes' maps")
    if problems:
        raise DeliveryError(
            f"{picture.name} was made and thrown away, it does not hold what it should: "
            + "; ".join(problems)
        )
    return written


def _join(
    picture: Path, provenance: Path, edition: Edition, scan: PictureSource, progress: Progress
) -> Master:
    form, facts = scan.format, edition.scan
    digest, done = FrameDigest(), 0
    sound = sound_of(facts.path, table=scan.table) if scan.table is not None else None
    maps = MapWriter(provenance, width=form.width, height=form.height, rate=form.rate)
    with maps, PictureWriter(picture, form, sound=sound) as pictures:
        for scene in edition.scenes:
            own = FrameDigest()
            with open_source(scene.take.picture) as frames:
                _require_length(len(frames), scene.frames, scene.take.picture)
                reader = MapReader(scene.take.provenance)
                for taken, frame_map in zip(frames.frames(), reader.frames(), strict=True):
                    pictures.write(taken)
                    maps.write(frame_map)
                    md5 = picture_md5(taken)
                    digest.add(md5)
                    own.add(md5)
                    done += 1
                    progress(done, 2 * facts.frames)
            _require_same(own.hexdigest(), scene.take.framemd5, scene.take.picture)
    return Master(picture, provenance, done, digest.hexdigest(), maps.totals)


def _require_length(found: int, wanted: int, path: Path) -> None:
    if found != wanted:
        raise DeliveryError(f"{path} has {found} frames, its scene {wanted}; make the take again")


def _require_same(found: str, wanted: str, path: Path) -> None:
    if found != wanted:
        raise DeliveryError(
            f"{path} no longer decodes to the pictures that were approved; restore it from a "
            "backup, or make the take again"
        )
