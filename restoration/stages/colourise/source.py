"""What colour a scan has already: none, one tint that follows luma, or colours of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Lab, Plane, to_lab
from restoration.imaging.tones import to_srgb
from restoration.stages.contract import JSON, Clip, StageError

_LOOKED_AT = 8
"""Frames, spread over the scene."""
_PIXELS = 20_000
"""Pixels of each."""
_GREY = 2.5
"""Chroma that coding noise of a black-and-white film leaves, in the middle of it."""
_BINS = 16
"""Of L; a tint is one colour in each."""
_STRAYS = 5.0
"""Distance from the tint's own colour at that luma that is no noise any more."""
_STRAYING = 0.04
"""Share of pixels that may stray before it is colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What was found.

    tint: (BINS, 2) a and b at evenly spaced L from 0 to 100; zeros for a grey film.
    """

    kind: Literal["grey", "tinted"]
    tint: npt.NDArray[np.float32]

    def tint_at(self, lightness: Plane) -> npt.NDArray[np.float32]:
        """a and b of the tint for each pixel, (H, W, 2)."""
        middles = (np.arange(_BINS) + 0.5) * (100 / _BINS)
        parts = [np.interp(lightness, middles, self.tint[:, axis]) for axis in (0, 1)]
        return np.stack(parts, axis=-1).astype(np.float32)

    def as_json(self) -> JSON:
        """For the facts: the kind, and the tint's curve by which it can be put back."""
        if self.kind == "grey":
            return {"kind": "grey", "tint": None}
        curve = [[round(float(a), 2), round(float(b), 2)] for a, b in self.tint]
        return {"kind": "tinted", "tint": {"lightness_steps": _BINS, "ab": curve}}


def examine(clip: Clip) -> Source:
    """What colour the scene has.

    Raises: StageError if it has colours of its own.
    """
    grey = Source("grey", np.zeros((_BINS, 2), np.float32))
    if clip.format.pixel.model == "grey":
        return grey
    lab = _samples(clip)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    if np.quantile(chroma, 0.9) <= _GREY:
        stray = float((chroma > 4 * _GREY).mean())
        if stray > _STRAYING / 4:
            raise StageError(_reason(f"{100 * stray:.1f} % of its pixels are coloured"))
        return grey
    tint = _tint_of(lab)
    source = Source("tinted", tint)
    off = lab[:, 1:] - source.tint_at(lab[:, 0])
    straying = float((np.hypot(off[:, 0], off[:, 1]) > _STRAYS).mean())
    if straying > _STRAYING:
        raise StageError(
            _reason(
                f"{100 * straying:.0f} % of its pixels have another hue or chroma than one tint "
                "would give their luma"
            )
        )
    return source


def _reason(found: str) -> str:
    return (
        f"this scene has colours of its own: {found}. Colourise is for black-and-white film, and "
        "for sepia, tinted or toned film; correct what is there with grade, or scan it as grey"
    )


def _samples(clip: Clip) -> Lab:
    """Lab of pixels from frames all over the scene, (n, 3)."""
    length = clip.end_frame - clip.start_frame
    count = min(_LOOKED_AT, length)
    found = []
    for number in sorted(
        {clip.start_frame + (2 * n + 1) * length // (2 * count) for n in range(count)}
    ):
        picture = next(iter(clip.frames(number, number + 1)))
        shown = to_srgb(picture, clip.format)
        step = max(1, int(np.sqrt(picture.width * picture.height / _PIXELS)))
        found.append(to_lab(shown[::step, ::step]).reshape(-1, 3))
    return np.concatenate(found)


def _tint_of(lab: Lab) -> npt.NDArray[np.float32]:
    """The median colour at each luma; where there is none, that of the nearest luma."""
    bins = np.clip((lab[:, 0] * (_BINS / 100)).astype(int), 0, _BINS - 1)
    filled = [number for number in range(_BINS) if np.count_nonzero(bins == number) >= 20]
    if not filled:
        filled = [int(np.bincount(bins).argmax())]
    medians = np.array([np.median(lab[bins == number, 1:], axis=0) for number in filled])
    places = np.arange(_BINS)
    return np.stack(
        [np.interp(places, filled, medians[:, axis]) for axis in (0, 1)], axis=-1
    ).astype(np.float32)
