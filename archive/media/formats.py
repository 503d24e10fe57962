"""What FFmpeg says about a picture track, as `PictureFormat`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

from archive.media import colour_tags
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.planes import FULL_RANGE_NAMES, read_picture

EXACT_RATE_TAG = "REELPROOF_RATE"
"""Matroska keeps timestamps in milliseconds; this tag keeps the rate they were rounded from."""
EXACT_ASPECT_TAG = "REELPROOF_SAMPLE_ASPECT"


def frame_format(frame: av.VideoFrame, *, rate: Fraction, sample_aspect: Fraction) -> PictureFormat:
    """Raises: UnsupportedPixels if the frame's code values cannot be carried."""
    picture = read_picture(frame)
    colour_range = colour_tags.RANGES.get(int(frame.color_range), "unknown")
    matrix = colour_tags.name_of(frame.colorspace, colour_tags.MATRICES)
    if frame.format.name in FULL_RANGE_NAMES:
        colour_range = "full"
    if picture.pixel.model == "rgb":
        matrix = "gbr"
        colour_range = "full" if colour_range == "unknown" else colour_range
    elif matrix == "gbr":
        matrix = "unknown"
    return PictureFormat(
        width=picture.width,
        height=picture.height,
        pixel=picture.pixel,
        rate=rate,
        colour_range=colour_range,
        matrix=matrix,
        primaries=colour_tags.name_of(frame.color_primaries, colour_tags.PRIMARIES),
        transfer=colour_tags.name_of(frame.color_trc, colour_tags.TRANSFERS),
        sample_aspect=sample_aspect,
    )


def exact_fraction(tags: dict[str, str], name: str) -> Fraction | None:
    """A fraction that our own writer left in a file's tags."""
    text = next((value for key, value in tags.items() if key.upper() == name), "")
    try:
        found = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    return found if found > 0 else None


def format_to_json(form: PictureFormat) -> dict[str, Any]:
    return {
        "width": form.width,
        "height": form.height,
        "pixel": form.pixel.name,
        "rate": str(form.rate),
        "colour_range": form.colour_range,
        "matrix": form.matrix,
        "primaries": form.primaries,
        "transfer": form.transfer,
        "sample_aspect": str(form.sample_aspect),
    }


def format_from_json(values: dict[str, Any]) -> PictureFormat:
    """Raises: KeyError or ValueError if it is not what `format_to_json` gave."""
    return PictureFormat(
        **{
            **values,
            "pixel": PIXEL_FORMATS[values["pixel"]],
            "rate": Fraction(values["rate"]),
            "sample_aspect": Fraction(values["sample_aspect"]),
        }
    )
