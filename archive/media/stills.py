"""Single frames as picture files, for pages and reports."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from archive.media.decode import open_source
from archive.media.display import display_size, to_layout
from archive.media.errors import WriteFailed
from archive.media.frames import FrameTable
from archive.media.pixels import Picture, PictureFormat
from archive.media.planes import plane_rows, write_planes


def frame_png(
    path: Path | str,
    frame: int,
    *,
    rate: Fraction | None = None,
    table: FrameTable | None = None,
    max_height: int | None = None,
) -> bytes:
    """Frame `frame` of a scan or take as a PNG, exactly that frame, in 8-bit full range.

    Grey and 8-bit RGB keep their code values; YUV is converted by its matrix and range.

    Args:
        rate: needed only for folders without a rate; any rate serves.
        table: the file's frame table; without it a foreign video is decoded once to number it.
        max_height: shrink to this height with square pixels; None keeps every pixel.
    Raises: MediaError if there is no such frame.
    """
    with open_source(path, rate=rate or _any_rate(Path(path)), table=table) as source:
        native = next(source.native(frame, frame + 1))
        return encode_png(native, source.format, max_height=max_height)


def picture_png(picture: Picture, form: PictureFormat, *, max_height: int | None = None) -> bytes:
    """A picture in native planes as a PNG."""
    return encode_png(write_planes(picture), form, max_height=max_height)


def encode_png(frame: av.VideoFrame, form: PictureFormat, *, max_height: int | None) -> bytes:
    size = (frame.width, frame.height)
    if max_height is not None:
        size = display_size(form, max_height=max_height)
    return _encode(_for_screen(frame, form, size), ".png", [cv2.IMWRITE_PNG_COMPRESSION, 3])


def write_jpeg(
    frame: av.VideoFrame, form: PictureFormat, path: Path, *, size: tuple[int, int]
) -> None:
    """Raises: WriteFailed."""
    data = _encode(_for_screen(frame, form, size), ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 85])
    try:
        path.write_bytes(data)
    except OSError as error:
        raise WriteFailed(f"{path.name} could not be written: {error.strerror}") from error


def _for_screen(
    frame: av.VideoFrame, form: PictureFormat, size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """(H, W) grey or (H, W, 3) BGR, full range."""
    grey = form.pixel.model == "grey"
    layout, channels = ("gray", 1) if grey else ("bgr24", 3)
    shown = to_layout(frame, form, layout=layout, width=size[0], height=size[1])
    rows = plane_rows(shown.planes[0], rows=size[1], row_bytes=size[0] * channels)
    return rows.copy() if grey else rows.reshape(size[1], size[0], 3).copy()


def _encode(picture: npt.NDArray[np.uint8], suffix: str, options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise WriteFailed(f"A picture of {picture.shape} could not be encoded as {suffix}")
    return data.tobytes()


def _any_rate(path: Path) -> Fraction | None:
    return Fraction(1) if path.is_dir() else None
