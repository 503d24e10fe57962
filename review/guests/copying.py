"""A take as a guest sees it: a copy marked in every picture, with the scan's sound. PLAIN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer

from archive.media.decode import open_source
from archive.media.display import display_size, to_layout, viewing_matrix
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.proxies import ProxySound, has_sound
from archive.media.tables import make_table
from archive.media.viewing import ViewingWriter
from review.guests.marking import Mark

MOST_ROWS = 720
LAYOUT = "yuv420p"


@dataclass(frozen=True, slots=True)
class ScanSound:
    """The sound beside the take's pictures."""

    path: Path
    table: FrameTable
    frames: range
    """Of the scan."""


def write_copy(
    path: Path,
    *,
    picture: Path,
    rate: Fraction,
    frames: int,
    mark: Callable[[int, int], Mark],
    sound: ScanSound | None,
    progress: Callable[[int, int], None],
) -> FrameTable:
    """Write an all-intra H.264 MP4, frame n of the take at [n/rate, (n+1)/rate).

    Args:
        picture: the take's own pictures.
        frames: how many they have to be.
        mark: makes the mark for the size in which they are shown.
    Returns: the copy's own frame table, made by decoding it.
    Raises: MediaError.
    """
    with open_source(picture, rate=rate) as source:
        if len(source) != frames:
            raise MediaError(
                f"{picture.name} has {len(source)} frames and the take {frames}: it is damaged; "
                "check fixity, and run the stage again"
            )
        width, height = display_size(source.format, max_height=MOST_ROWS)
        made = mark(width, height)
        form = _shown_format(source.format, width, height + made.band)
        with ViewingWriter(
            path, form, crf=20, preset="veryfast", intra=True, make_sound=_sound_maker(sound, rate)
        ) as writer:
            for number, frame in enumerate(source.native(), start=1):
                shown = to_layout(frame, source.format, layout=LAYOUT, width=width, height=height)
                writer.write_frame(made.put_on(shown))
                progress(number, frames)
    table = make_table(path, digests=False)
    if len(table) != frames:
        raise MediaError(f"The guest's copy has {len(table)} frames, not {frames}")
    return table


def _shown_format(form: PictureFormat, width: int, height: int) -> PictureFormat:
    """Of pictures as `to_layout` gives them."""
    is_yuv = form.pixel.model == "yuv"
    return PictureFormat(
        width=width,
        height=height,
        pixel=PIXEL_FORMATS[LAYOUT],
        rate=form.rate,
        colour_range="limited",
        matrix=viewing_matrix(form),
        primaries=form.primaries if is_yuv else "bt709",
        transfer=form.transfer if is_yuv else "bt709",
    )


def _sound_maker(
    sound: ScanSound | None, rate: Fraction
) -> Callable[[OutputContainer], ProxySound] | None:
    if sound is None or not has_sound(sound.path):
        return None
    return lambda container: ProxySound(
        sound.path, container, table=sound.table, rate=rate, frames=sound.frames
    )
