"""Scenes that were not coloured, in the format of those that were: grey as RGB, without loss.

The codes are those that the stage colourise gives to a pixel without colour. What RGB cannot give
back exactly is refused: chroma that is not neutral, and codes outside a limited range.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from archive.media.decode import open_source
from archive.media.pixels import Picture, PictureFormat
from restoration.imaging.tones import grey_codes, is_limited
from restoration.mapfile import MapReader
from restoration.provenance import FrameMap, Label, compose, uniform_map
from restoration.recording import FrameDigest, picture_md5
from review.formats.edition import DeliveryError, EditionScene

ADVICE = "run the stage colourise on it without a hint and approve that, or deliver the restoration"


def converted_pictures(scene: EditionScene, form: PictureFormat) -> Iterator[Picture]:
    """The scene's take as RGB of the same depth, frame by frame.

    Raises: DeliveryError for a frame that cannot be converted without loss, or at the end if the
        take no longer decodes to what was approved; MediaError.
    """
    digest = FrameDigest()
    with open_source(scene.take.picture) as taken:
        for number, picture in enumerate(taken.frames(), start=scene.start_frame):
            digest.add(picture_md5(picture))
            try:
                yield as_rgb(picture, taken.format, form)
            except ValueError as error:
                raise DeliveryError(
                    f"Scene {scene.number} was left as restored, and its frame {number} {error}. "
                    f"For the colour version, {ADVICE}"
                ) from error
    if digest.hexdigest() != scene.take.framemd5:
        raise DeliveryError(not_as_approved(scene))


def not_as_approved(scene: EditionScene) -> str:
    return (
        f"{scene.take.picture} no longer decodes to the pictures that were approved; restore "
        "it from a backup, or make the take again"
    )


def as_rgb(picture: Picture, form: PictureFormat, target: PictureFormat) -> Picture:
    """A grey picture, or YUV without any colour, as RGB in which R = G = B.

    Raises: ValueError that says what would be lost.
    """
    pixel = picture.pixel
    if pixel.model == "rgb" or pixel.bits != target.pixel.bits:
        raise ValueError(f"is {pixel.name} and cannot become {target.pixel.name} without loss")
    if pixel.model == "yuv":
        middle = 1 << (pixel.bits - 1)
        if any((plane != middle).any() for plane in picture.planes[1:]):
            raise ValueError("has colours of its own, which RGB cannot hold exactly")
    _require_within_range(picture, form)
    grey = grey_codes(picture, form)
    assert grey is not None  # it has no colour, as was just seen
    return Picture(target.pixel, (grey, grey, grey))


def _require_within_range(picture: Picture, form: PictureFormat) -> None:
    """Codes of a limited range are stretched to the full one, one to one; others were clipped."""
    if not is_limited(form):
        return
    unit, luma = 1 << (picture.pixel.bits - 8), picture.planes[0]
    black, white = 16 * unit, 235 * unit
    if int(luma.min()) < black or int(luma.max()) > white:
        count = int(np.count_nonzero((luma < black) | (luma > white)))
        raise ValueError(
            f"has {count} codes outside its range of {black} to {white}, which RGB cannot hold"
        )


def converted_maps(scene: EditionScene, form: PictureFormat) -> Iterator[FrameMap]:
    """The take's maps with every pixel ADJUSTED at least: in another format none is ORIGINAL."""
    stretched = uniform_map(
        form.height, form.width, structure=Label.ADJUSTED, colour=Label.ADJUSTED
    )
    for held in MapReader(scene.take.provenance).frames():
        yield compose(stretched, lambda _offset, held=held: held, form.pixel)  # type: ignore[misc]
