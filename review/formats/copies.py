"""Copies beside the master: ProRes and DNxHR for editing suites, WebM for browsers.

Like the viewing copy in MP4 they are an encoder's approximation, in which nothing is ORIGINAL; the
record says so, and what each of them cannot carry.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from archive.media.frames import FrameTable
from archive.media.mezzanine import DNXHR, PRORES, MezzanineWriter
from archive.media.opening import open_container, picture_stream
from archive.media.pixels import PictureFormat
from archive.media.proxies import ProxySound, has_sound
from archive.media.sound import sound_of
from archive.media.webm import WebmWriter
from review.formats.burning import Burner
from review.formats.edition import DeliveryError, Edition
from review.formats.ffv1 import delivered_format, open_scan
from review.formats.mp4 import LOSSY, Beside, Progress, ViewingCopy, beside_of, write_shown
from review.formats.timeline import reel_timecode

WEBM, PRORES_MOV, DNXHR_MOV = "webm", "prores", "dnxhr"
NAMES = {WEBM: "viewing.webm", PRORES_MOV: "prores-422-hq.mov", DNXHR_MOV: "dnxhr-hqx.mov"}
COPIES = tuple(NAMES)
_MEZZANINES = {PRORES_MOV: PRORES, DNXHR_MOV: DNXHR}
_SUITE = (
    "It is compressed with loss, 10 bits a sample, one colour sample for two pixels: depth beyond "
    "10 bits, and half of the colour of RGB and 4:4:4, are not in it.",
    "Grey and RGB became BT.709 of limited range.",
    "It has no subtitles; those are files of their own.",
)
_CANNOT = {
    PRORES_MOV: _SUITE,
    DNXHR_MOV: _SUITE,
    WEBM: (
        LOSSY,
        "Its sound is the scan's first track alone, recoded with loss (Opus).",
        "It has no timecode, and holds times in milliseconds; the exact rate is a tag.",
        "It cannot bear content credentials; credentials.zip beside it speaks for it.",
        "Players show its subtitles, browsers do not; they are files of their own too.",
    ),
}
_BITS_A_PIXEL = {WEBM: 1, PRORES_MOV: 5, DNXHR_MOV: 5}
"""More than each writes for a film full of grain."""


def room_needed(format: str, edition: Edition) -> int:
    """Bytes that the copy may take at most, for all that is known before it is made."""
    scan = edition.scan
    return scan.frames * scan.width * scan.height * _BITS_A_PIXEL[format] // 8


def write_copy(path: Path, format: str, edition: Edition, *, progress: Progress) -> ViewingCopy:
    """Encode the takes that leave, one after the other, and count what was written.

    Args:
        format: one of COPIES.
    Raises: DeliveryError if a take lacks frames, or the file read back is not what was written;
        MediaError, also for sound or sizes that the format does not take; OSError.
    """
    with open_scan(edition.scan) as scan:
        form = delivered_format(edition, scan.format)
        table = scan.table
    # Suites get the film without anything over it; what is shown to people bears the marks.
    burner = Burner(edition if format == WEBM else replace(edition, marking=()), form)
    beside = beside_of(edition)
    with _open(path, format, edition, form, table, beside) as writer:
        frames = write_shown(writer, edition, form, burner, progress)
    _require_whole(path, format, edition, frames)
    return ViewingCopy(
        path.name,
        tuple(writer.sound_record),
        additions=(*(beside.additions(edition) if format == WEBM else ()), *burner.additions),
        cannot=_CANNOT[format],
    )


def _open(
    path: Path,
    format: str,
    edition: Edition,
    form: PictureFormat,
    table: FrameTable | None,
    beside: Beside,
) -> WebmWriter | MezzanineWriter:
    scan = edition.scan
    if format == WEBM:
        make_sound = (
            partial(
                ProxySound, scan.path, table=table, rate=form.rate, codec="libopus",
                bit_rate=160_000,
            )
            if table is not None and has_sound(scan.path)
            else None
        )  # fmt: skip
        return WebmWriter(
            path, form, make_sound=make_sound, captions=beside.tracks, chapters=beside.chapters
        )
    sound = sound_of(scan.path, table=table) if table is not None else None
    return MezzanineWriter(
        path, form, _MEZZANINES[format], start_timecode=reel_timecode(edition, 0), sound=sound,
        chapters=beside.chapters,
    )  # fmt: skip


def _require_whole(path: Path, format: str, edition: Edition, written: int) -> None:
    """Every frame is there, and the timecode track begins where the reel does.

    Raises: DeliveryError.
    """
    with open_container(path) as container:
        stream = picture_stream(container, path=path)
        told = str(stream.metadata.get("timecode", ""))
        frames = sum(1 for packet in container.demux(stream) if packet.size)
    start = reel_timecode(edition, 0) if format != WEBM else ""
    if frames != written or told != start:
        raise DeliveryError(
            f"{path.name} was made and thrown away: {frames} frames of {written} were "
            f"read back, from {told or 'no timecode'} instead of {start or 'none'}"
        )
