"""One exact frame as a picture for the page: full size, as a screen shows it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.decode import open_source
from archive.media.display import to_layout
from archive.media.frames import FrameTable

RGB = npt.NDArray[np.uint8]


def frame_rgb(path: Path, frame: int, *, table: FrameTable | None = None) -> RGB:
    """Decode one frame.

    Returns: uint8 (H, W, 3), 0 to 255.
    Raises: MediaError if the file or the frame is not there.
    """
    with open_source(path, table=table) as source:
        native = next(source.native(frame, frame + 1))
        return to_layout(native, source.format, layout="rgb24").to_ndarray(format="rgb24")


def png(picture: RGB) -> bytes:
    """Write uint8 (H, W, 3) as PNG, quickly rather than small."""
    done, encoded = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as PNG")
    return encoded.tobytes()
