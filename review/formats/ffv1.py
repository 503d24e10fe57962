"""The master: approved takes joined to one FFV1 file with the scan's sound, and one map beside it.

Nothing is computed on the way: the takes' packets are copied as they are stored, and decoded and
encoded again only if another version of FFmpeg coded them. Every code value is the take's, which is
checked by the MD5 of each frame after reading the file back, and the hard gate is held against the
scan once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.media.decode import PictureSource, open_source
from archive.media.encode import PictureWriter
from archive.media.frames import FrameTable
from archive.media.sound import sound_of
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import Totals
from restoration.recording import FrameDigest
from restoration.verification import read_back
from review.formats.edition import DeliveryError, Edition, EditionScan, EditionScene

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
    md5s: list[str] = []
    with open_scan(edition.scan) as scan:
        written = _join(picture, provenance, edition, scan, progress)
        frames = len(scan)

        def read(done: int, md5: str) -> None:
            md5s.append(md5)
            progress(frames + done, 2 * frames)

        found = read_back(scan, picture, provenance, start_frame=0, on_frame=read)
    problems = list(found.violations)
    if found.frames != frames:
        problems.append(f"{found.frames} frames of {frames} could be read back")
    if found.totals != written:
        problems.append("the map read back has other totals than the takes' maps")
    if problems:
        raise DeliveryError(
            f"{picture.name} was made and thrown away, it does not hold what it should: "
            + "; ".join(problems)
        )
    for scene in edition.scenes:
        _require_approved(scene, md5s[scene.start_frame : scene.end_frame])
    return Master(picture, provenance, frames, found.framemd5, written)


def _join(
    picture: Path, provenance: Path, edition: Edition, scan: PictureSource, progress: Progress
) -> Totals:
    """Write both files; the totals that the takes' manifests name."""
    form, facts = scan.format, edition.scan
    sound = sound_of(facts.path, table=scan.table) if scan.table is not None else None
    maps = MapWriter(provenance, width=form.width, height=form.height, rate=form.rate)
    with maps, PictureWriter(picture, form, sound=sound) as pictures:

        def written() -> None:
            progress(pictures.written, 2 * facts.frames)

        for scene in edition.scenes:
            before = pictures.written
            if not pictures.copy(scene.take.picture, progress=written):
                with open_source(scene.take.picture) as frames:
                    for taken in frames.frames():
                        pictures.write(taken)
                        written()
            _require_length(pictures.written - before, scene.frames, scene.take.picture)
            if not maps.copy(scene.take.provenance, Totals.from_json(scene.take.totals)):
                for frame_map in MapReader(scene.take.provenance).frames():
                    maps.write(frame_map)
    return sum((Totals.from_json(scene.take.totals) for scene in edition.scenes), Totals())


def _require_length(found: int, wanted: int, path: Path) -> None:
    if found != wanted:
        raise DeliveryError(f"{path} has {found} frames, its scene {wanted}; make the take again")


def _require_approved(scene: EditionScene, md5s: Sequence[str]) -> None:
    """The scene's part of the master, as it was read back, is what was approved."""
    digest = FrameDigest()
    for md5 in md5s:
        digest.add(md5)
    if digest.hexdigest() != scene.take.framemd5:
        raise DeliveryError(
            f"{scene.take.picture} no longer decodes to the pictures that were approved; restore "
            "it from a backup, or make the take again"
        )
