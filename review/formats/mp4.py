"""The viewing copy: H.264 that browsers and editing suites play, with the scan's sound untouched.

Its code values are an encoder's approximation, so nothing in it is ORIGINAL; the record beside it
says so. The map belongs to the takes that it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive.media.captions import Caption, Captions, Chapter
from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.pixels import Picture, PictureFormat
from archive.media.sound import SoundRange, sound_of
from archive.media.viewing import ConvertingWriter, ViewingWriter
from restoration.speech.cues import CueLine
from review.formats.additions import Addition, of_subtitles
from review.formats.burning import Burner
from review.formats.characters import legal_text
from review.formats.conversion import converted_pictures
from review.formats.edition import DeliveryError, Edition
from review.formats.ffv1 import delivered_format, open_scan
from review.formats.spoken import UNREVIEWED, Spoken, three_letters
from review.formats.subtitle_files import cues_of

FORMAT, NAME = "mp4", "viewing.mp4"
SUBTITLED, SUBTITLED_NAME = "mp4-subtitled", "viewing-subtitled.mp4"
TRANSLATED = f"English (translated by a {UNREVIEWED})"
LOSSY = "It is compressed with loss, 8 bits a sample, one colour sample for four pixels."
Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all); may raise to stop."""


@dataclass(frozen=True, slots=True)
class ViewingCopy:
    """A file that an encoder approximated: what it carries, and what it cannot."""

    name: str
    """Of the file."""
    tracks: tuple[dict[str, str], ...]
    """For each track: `track`, `codec`, `written_as` and `how`."""
    silent_because: str = ""
    additions: tuple[Addition, ...] = ()
    """What is shown beside the pictures: no map speaks of it."""
    cannot: tuple[str, ...] = ()
    """What the format cannot carry, a sentence each."""


def write_viewing_copy(
    path: Path,
    edition: Edition,
    *,
    progress: Progress,
    may_be_silent: bool = False,
    burned: bool = False,
) -> ViewingCopy:
    """Encode the approved takes, one after the other, as the scan's frames follow each other.

    Args:
        may_be_silent: leave the sound out, rather than fail, where MP4 cannot carry it untouched.
        burned: put the subtitles into the picture, instead of a track beside it.
    Raises: DeliveryError if a take lacks frames, or there are no subtitles to burn in; MediaError,
        also for such sound; OSError.
    """
    with open_scan(edition.scan) as scan:
        form = delivered_format(edition, scan.format)
        sound = sound_of(edition.scan.path, table=scan.table) if scan.table is not None else None
    beside = beside_of(edition, burned=burned)
    burner = Burner(edition, form, subtitles=burned)
    viewing, reason = _open_writer(path, form, sound, beside, may_be_silent=may_be_silent)
    with viewing:
        write_shown(viewing, edition, form, burner, progress)
    additions = (*beside.additions(edition), *burner.additions)
    return ViewingCopy(path.name, tuple(viewing.sound_record), reason, additions, (LOSSY,))


def write_shown(
    writer: ConvertingWriter,
    edition: Edition,
    form: PictureFormat,
    burner: Burner,
    progress: Progress,
) -> int:
    """Write the reel's pictures with what is drawn over them, and the slate; how many frames."""
    frame, last = -1, None
    for frame, last in enumerate(pictures_in(edition, form)):
        writer.write(last, burner.over(frame))
        progress(frame + 1, edition.scan.frames)
    if burner.slate is not None and last is not None:
        cover, frames = burner.slate
        for _ in range(frames):
            writer.write(last, (cover,))
            frame += 1
    return frame + 1


@dataclass(frozen=True, slots=True)
class Beside:
    """What players offer beside picture and sound."""

    captions: Captions | None
    translated: Captions | None
    chapters: tuple[Chapter, ...]

    @property
    def tracks(self) -> list[Captions]:
        return [each for each in (self.captions, self.translated) if each is not None]

    def additions(self, edition: Edition) -> tuple[Addition, ...]:
        """Whose word the tracks are, for the record."""
        found = []
        if edition.spoken is not None and self.captions is not None:
            found.append(of_subtitles("subtitle track", edition.spoken))
        if edition.translation is not None and self.translated is not None:
            found.append(of_subtitles("track of a machine's translation", edition.translation))
        return tuple(found)


def beside_of(edition: Edition, *, burned: bool = False) -> Beside:
    """Subtitles, unless they are burned in, a machine's translation, and a chapter a scene."""
    return Beside(*_captions(edition, burned=burned), chapters_of(edition))


def _open_writer(
    path: Path, form: PictureFormat, sound: SoundRange | None, beside: Beside, *,
    may_be_silent: bool,
) -> tuple[ViewingWriter, str]:  # fmt: skip
    make = partial(ViewingWriter, path, form, captions=beside.tracks, chapters=beside.chapters)
    try:
        return make(sound=sound), ""
    except MediaError as error:
        if sound is None or not may_be_silent:
            raise
        return make(), str(error)


def _captions(edition: Edition, *, burned: bool) -> tuple[Captions | None, Captions | None]:
    """Of what is said, unless it is burned in, and of its translation by a machine."""
    said, translated = edition.spoken, edition.translation
    unanswered = said is not None and said.unanswered
    name = f"Subtitles ({UNREVIEWED})" if unanswered else "Subtitles"
    return (
        None if burned or said is None else _track(edition, said, name),
        None if translated is None else _track(edition, translated, TRANSLATED),
    )


def _track(edition: Edition, spoken: Spoken, name: str) -> Captions | None:
    """Subtitles by the rules of the house."""
    shown = tuple(
        Caption(cue.start_frame, cue.end_frame, tuple(_line(line) for line in cue.lines))
        for cue in cues_of(edition, spoken)
    )
    return Captions(shown, three_letters(spoken.language), name) if shown else None


def _line(line: CueLine) -> tuple[tuple[str, bool], ...]:
    spans = [(legal_text(span.text), span.italic) for span in line.spans]
    return ((line.dash, False), *spans) if line.dash else tuple(spans)


def chapters_of(edition: Edition) -> tuple[Chapter, ...]:
    return tuple(
        Chapter(scene.start_frame, scene.end_frame, f"Scene {scene.number}")
        for scene in edition.scenes
    )


def pictures_in(edition: Edition, form: PictureFormat) -> Iterator[Picture]:
    """The whole reel in one format, frame by frame.

    Raises: DeliveryError if a take lacks frames; MediaError.
    """
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
