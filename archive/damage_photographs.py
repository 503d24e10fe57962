"""Photographs of damage: decoded and written anew, so that nothing but their pixels is kept, and
kept by digest in the media home.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageOps

from archive import stored

LARGEST = 20 << 20
"""Bytes of a file that is sent."""
MOST_PIXELS = 60_000_000
"""That it may claim to have; memory is taken for all of them."""
KEPT_SIDE = 2400
"""Pixels of the longer side of what is kept."""
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")


class NoPhotograph(ValueError):
    """The message says what is wrong with the file and what to send instead."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A photograph as it is written: an RGB JPEG without metadata."""

    jpeg: bytes
    sha256: str


def read(data: bytes) -> Kept:
    """A photograph from a PNG, JPEG, WebP or TIFF file.

    Raises: NoPhotograph.
    """
    if len(data) > LARGEST:
        raise NoPhotograph(f"It is larger than {LARGEST >> 20} MB; send a smaller one.")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NoPhotograph(f"It has over {MOST_PIXELS // 10**6} million pixels.")
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except NoPhotograph:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NoPhotograph("It is no picture: send a PNG, JPEG, WebP or TIFF file.") from error
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    plain = Image.new("RGB", picture.size)
    plain.paste(picture)
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=90)
    jpeg = written.getvalue()
    return Kept(jpeg, hashlib.sha256(jpeg).hexdigest())


def path_of(sha256: str) -> Path:
    return Path(settings.MEDIA_HOME) / "conditions" / sha256[:2] / f"{sha256}.jpg"


def brought(sha256: str) -> Path:
    """The same file, fetched if a bucket has it. Raises: StoreError."""
    return stored.bring(f"conditions/{sha256[:2]}/{sha256}.jpg")


def write(kept: Kept) -> None:
    """Put it in its place, whole or not at all; the same photograph lies there once."""
    path = path_of(kept.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with making.open("wb") as file:
            file.write(kept.jpeg)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
        stored.keep(f"conditions/{kept.sha256[:2]}/{path.name}")
    finally:
        making.unlink(missing_ok=True)
