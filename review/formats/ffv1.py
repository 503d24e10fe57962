"""The master: approved takes joined to one FFV1 file with the scan's sound, and one map beside it.

Nothing is computed on the way: the takes' packets are copied as they are stored, and decoded and
encoded again only if another version of FFmpeg coded them. Every code value is the take's, which is
checked by the MD5 of each frame after reading the file back, and the hard gate is held against the
scan once more. In a colour delivery scenes that were left as restored are put into RGB on the way,
without loss (`review.formats.conversion`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.media.decode import PictureSource, open_source
from archive.media.encode import PictureWriter
from archive.media.frames import FrameTable
from archive.media.numbered import FrameFiles, NumberedWriter
from archive.media.pixels import PictureFormat
from archive.media.sound import sound_of
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import Totals
from restoration.recording import FrameDigest, picture_md5
from restoration.verification import read_back
from review.formats.conversion import converted_maps, converted_pictures, not_as_approved
from review.formats.edition import DeliveryError, Edition, EditionScan, EditionScene
from review.formats.timeline import reel_timecode

FORMAT = "ffv1"
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
    picture: Path,
    provenance: Path,
    edition: Edition,
    *,
    progress: Progress,
    kind: FrameFiles | None = None,
) -> Master:
    """Join the takes, read the result back and check it.

    Args:
        picture: the file, or the folder of numbered frames.
        progress: counts every frame twice: written, and read back.
        kind: of numbered frames; None: FFV1 with the scan's sound.
    Raises: DeliveryError if a take is not what its manifest says, or the joined file breaks the
        hard gate; MediaError, OSError.
    """
    md5s: list[str] = []
    with open_scan(edition.scan) as scan:
        written = _join(picture, provenance, edition, scan, progress, kind)
        frames, totals = len(scan), edition.totals

        def read(done: int, md5: str) -> None:
            md5s.append(md5)
            progress(frames + done, 2 * frames)

        found = read_back(scan, picture, provenance, start_frame=0, on_frame=read,
                          rate=edition.scan.rate)  # fmt: skip
    problems = list(found.violations)
    if found.frames != frames:
        problems.append(f"{found.frames} frames of {frames} could be read back")
    if found.totals != totals:
        problems.append("the map read back has other totals than the takes' maps")
    if problems:
        raise DeliveryError(
            f"{picture.name} was made and thrown away, it does not hold what it should: "
            + "; ".join(problems)
        )
    for scene, framemd5 in zip(edition.scenes, written, strict=True):
        _require_approved(scene, md5s[scene.start_frame : scene.end_frame], framemd5)
    return Master(picture, provenance, frames, found.framemd5, totals)


def delivered_format(edition: Edition, scan: PictureFormat) -> PictureFormat:
    """In which the pictures leave; the scan's own, wherever that is the takes' too.

    Raises: DeliveryError if the takes have no one format.
    """
    form = edition.form
    same = (form.pixel, form.width, form.height) == (scan.pixel, scan.width, scan.height)
    return scan if same else form


def _join(
    picture: Path,
    provenance: Path,
    edition: Edition,
    scan: PictureSource,
    progress: Progress,
    kind: FrameFiles | None,
) -> list[str]:
    """Write both files; what each scene's frames must have as their MD5s when read back."""
    form, facts = delivered_format(edition, scan.format), edition.scan
    maps = MapWriter(provenance, width=form.width, height=form.height, rate=form.rate)
    with maps, _open_writer(picture, edition, form, scan, kind) as pictures:

        def written() -> None:
            progress(pictures.written, 2 * facts.frames)

        return [
            _append_converted(scene, form, pictures, maps, written)
            if edition.is_converted(scene)
            else _append(scene, pictures, maps, written)
            for scene in edition.scenes
        ]


def _open_writer(
    path: Path, edition: Edition, form: PictureFormat, scan: PictureSource, kind: FrameFiles | None
) -> PictureWriter | NumberedWriter:
    if kind is None:
        table = scan.table
        sound = sound_of(edition.scan.path, table=table) if table is not None else None
        return PictureWriter(path, form, sound=sound)
    return NumberedWriter(
        path, form, kind, prefix=edition.tape, frames=edition.scan.frames,
        timecode=lambda frame: reel_timecode(edition, frame),
    )  # fmt: skip


def _append(
    scene: EditionScene,
    pictures: PictureWriter | NumberedWriter,
    maps: MapWriter,
    written: Callable[[], None],
) -> str:
    """The take as it is; the digest of its frames' MD5s."""
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
    return scene.take.framemd5


def _append_converted(
    scene: EditionScene,
    form: PictureFormat,
    pictures: PictureWriter | NumberedWriter,
    maps: MapWriter,
    written: Callable[[], None],
) -> str:
    """The take in another format; the digest of the MD5s that its frames have there."""
    before, digest = pictures.written, FrameDigest()
    for picture in converted_pictures(scene, form):
        pictures.write(picture)
        digest.add(picture_md5(picture))
        written()
    _require_length(pictures.written - before, scene.frames, scene.take.picture)
    for frame_map in converted_maps(scene, form):
        maps.write(frame_map)
    return digest.hexdigest()


def _require_length(found: int, wanted: int, path: Path) -> None:
    if found != wanted:
        raise DeliveryError(f"{path} has {found} frames, its scene {wanted}; make the take again")


def _require_approved(scene: EditionScene, md5s: Sequence[str], framemd5: str) -> None:
    """The scene's part of the master, as it was read back, is what was approved.

    Args:
        framemd5: the digest that it must have: the take's, or that of what it was converted to.
    """
    digest = FrameDigest()
    for md5 in md5s:
        digest.add(md5)
    if digest.hexdigest() != framemd5:
        raise DeliveryError(not_as_approved(scene))
