"""The viewing copy: H.264 that browsers and editing suites play, with the scan's sound untouched.

Its code values are an encoder's approximation, so nothing in it is ORIGINAL; the record beside it
says so. The map belongs to the takes that it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.pixels import Picture, PictureFormat
from archive.media.sound import SoundRange, sound_of
from archive.media.viewing import ViewingWriter
from review.formats.conversion import converted_pictures
from review.formats.edition import DeliveryError, Edition
from review.formats.ffv1 import delivered_format, open_scan

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all); may raise to stop."""


@dataclass(frozen=True, slots=True)
class ViewingCopy:
    """How the scan's sound travelled."""

    tracks: tuple[dict[str, str], ...]
    """For each track: `track`, `codec`, `written_as` and `how`."""
    silent_because: str = ""


def write_viewing_copy(
    path: Path, edition: Edition, *, progress: Progress, may_be_silent: bool = False
) -> ViewingCopy:
    """Encode the approved takes, one after the other, as the scan's frames follow each other.

    Args:
        may_be_silent: leave the sound out, rather than fail, where MP4 cannot carry it untouched.
    Raises: DeliveryError if a take lacks frames; MediaError, also for such sound; OSError.
    """
    with open_scan(edition.scan) as scan:
        form = delivered_format(edition, scan.format)
        sound = sound_of(edition.scan.path, table=scan.table) if scan.table is not None else None
    viewing, reason = _open_writer(path, form, sound, may_be_silent=may_be_silent)
    with viewing:
        for done, picture in enumerate(_pictures(edition, form), start=1):
            viewing.write(picture)
            progress(done, edition.scan.frames)
    return ViewingCopy(tuple(viewing.sound_record), reason)


def _open_writer(
    path: Path, form: PictureFormat, sound: SoundRange | None, *, may_be_silent: bool
) -> tuple[ViewingWriter, str]:
    try:
        return ViewingWriter(path, form, sound=sound), ""
    except MediaError as error:
        if sound is None or not may_be_silent:
            raise
        return ViewingWriter(path, form), str(error)


def _pictures(edition: Edition, form: PictureFormat) -> Iterator[Picture]:
    for scene in edition.scenes:
        if edition.is_converted(scene):
            yield from converted_pictures(scene, form)
            continue
        with open_source(scene.take.picture) as frames:
            if len(frames) != scene.frames:
                raise DeliveryError(
                    f"{scene.take.picture} has {len(frames)} frames, its scene {scene.frames}; "
                    "make the take again"
                )
            yield from frames.frames()
