"""Take off noise that is none of the picture: of a sensor, a tape, a codec; and grain, if asked.

FFDNet's published network gives the clean luma and, apart, the clean chroma, for a strength that is
set by hand or estimated once for a scene. Nothing is changed by more than three times the strength:
what stands out further is no noise. The film's grain is taken off with it, partly kept, or drawn
anew, as is wished; what is drawn anew is made up, and labelled so. Black bars and sprocket holes
around the picture stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat
from restoration.imaging.bars import Area, aligned
from restoration.provenance import Label
from restoration.stages import kept
from restoration.stages.area import area_of, picture_area
from restoration.stages.contract import (
    JSON,
    Clip,
    Outcome,
    Progress,
    Stage,
    StageError,
    StageFrame,
)
from restoration.stages.denoise.grain import draw
from restoration.stages.denoise.strength import estimate
from restoration.stages.memory import taking
from restoration.stages.segments import Segment, split_at_marks

if TYPE_CHECKING:
    from restoration.stages.denoise.network import Denoiser

WEIGHTS = "ffdnet-colour"
GRAINS = ("remove", "keep", "relay")
ESTIMATED = -1.0
_FARTHEST = 3.0
"""Times the strength by which a code may change at most."""
_MOST = 50.0
_LEAST = 0.25
"""8-bit codes of noise below which nothing is done."""
_LOOKED_AT = 12
"""Frames in the middle of a scene from which the strength is estimated."""
_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32)
_TO_YUV = np.linalg.inv(_TO_RGB).astype(np.float32)
"""BT.601's, on codes as they are: for what the network is shown, whatever the film's own matrix."""

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    luma: float = ESTIMATED
    """Standard deviation of the noise of luma in 8-bit codes; 0: left alone; -1: estimated."""
    chroma: float = ESTIMATED
    """The same of chroma."""
    grain: str = "remove"
    """Of what is taken off luma: `remove`; `keep`: put back a share of it; `relay`: draw grain like
    it anew, which is made up."""
    share: float = 0.5
    """How strong kept or drawn grain is, of what was taken off."""
    area: str = ""
    """LEFT,TOP,WIDTH,HEIGHT of the picture in the scan's pixels; outside it nothing is changed.
    Empty: all but black bars and rows of sprocket holes, which are found."""

    def __post_init__(self) -> None:
        for name in ("luma", "chroma"):
            value = getattr(self, name)
            if value != ESTIMATED and not 0 <= value <= _MOST:
                raise ValueError(f"{name} must be -1 (estimated) or 0 to {_MOST:.0f}, not {value}")
        if self.grain not in GRAINS:
            raise ValueError(f"grain must be one of {', '.join(GRAINS)}, not {self.grain!r}")
        if not 0.0 <= self.share <= 1.0:
            raise ValueError(f"share must lie in 0 to 1, not {self.share}")
        if self.area:
            area_of(self.area)


class Strength(NamedTuple):
    """Of a scene's noise, in 8-bit codes."""

    luma: float
    chroma: float


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip without its noise.

    Raises: StageError without PyTorch, WeightsError without the weights.
    """
    outcome = Outcome(facts={"scenes": [], "frames": [], "grain": params.grain})
    outcome.frames = _stream(clip, params, progress, outcome.facts)
    return outcome


def _stream(
    clip: Clip, params: Params, progress: Progress, facts: dict[str, JSON]
) -> Iterator[StageFrame]:
    network = _network()
    total, done = clip.end_frame - clip.start_frame, 0
    for segment in split_at_marks(clip.start_frame, clip.end_frame, clip.marks):
        area = aligned(picture_area(clip, segment, params.area), clip.format)
        strength = measure(clip, segment, params, area)
        facts["scenes"].append(
            {"start": segment.start, "stop": segment.stop, "area": list(area)}
            | {name: round(value, 3) for name, value in strength._asdict().items()}
        )
        for number, picture in zip(range(*segment), clip.frames(*segment), strict=True):
            yield _clean(number, picture, strength, params, network, area, facts)
            done += 1
            progress(done, total)


def _network() -> Denoiser:
    try:
        from restoration.stages.denoise.network import Denoiser
    except ModuleNotFoundError as missing:
        raise StageError(
            f"denoise needs {missing.name}, which is not installed; install it, or leave the "
            "stage out"
        ) from missing
    return kept.network(WEIGHTS, Denoiser)


def measure(clip: Clip, segment: Segment, params: Params, area: Area) -> Strength:
    """The strength that is set, or that the middle of the scene shows inside its area."""
    wanted = Strength(params.luma, params.chroma)
    if clip.format.pixel.model == "grey":
        wanted = wanted._replace(chroma=0.0)
    if ESTIMATED not in wanted:
        return wanted
    middle = max(segment.start, (segment.start + segment.stop - _LOOKED_AT) // 2)
    stop = min(segment.stop, middle + _LOOKED_AT)
    apart = [_apart(_cut_out(picture, area)) for picture in clip.frames(middle, stop)]
    lumas = [luma for luma, _ in apart]
    luma = min(_MOST, 255 * estimate(lumas)) if params.luma == ESTIMATED else params.luma
    if wanted.chroma != ESTIMATED:
        return Strength(luma, wanted.chroma)
    both = [estimate([chroma[n] for _, chroma in apart if chroma is not None]) for n in range(2)]
    return Strength(luma, min(_MOST, 255 * max(both)))


def _places(area: Area, plane: int, pixel: PixelFormat) -> tuple[slice, slice]:
    """Rows and columns of a plane that the area covers, in whole chroma samples."""
    left, top, width, height = area
    down, across = (
        (pixel.chroma_shift_y, pixel.chroma_shift_x) if plane and pixel.model == "yuv" else (0, 0)
    )
    return (
        slice(top >> down, -(-(top + height) >> down)),
        slice(left >> across, -(-(left + width) >> across)),
    )


def _cut_out(picture: Picture, area: Area) -> Picture:
    """The picture inside its area alone."""
    pixel = picture.pixel
    planes = (plane[_places(area, n, pixel)].copy() for n, plane in enumerate(picture.planes))
    return Picture(pixel, tuple(planes))


def _put_back(made: Picture, picture: Picture, area: Area) -> Picture:
    """What was made of the area, in the picture around it."""
    planes = [plane.copy() for plane in picture.planes]
    for n, plane in enumerate(planes):
        plane[_places(area, n, picture.pixel)] = made.planes[n]
    return Picture(picture.pixel, tuple(planes))


def _apart(picture: Picture) -> tuple[Plane, Plane | None]:
    """Luma (H, W) in [0, 1], and both chroma planes (2, h, w) around 0, at their own size."""
    pixel = picture.pixel
    planes = [plane.astype(np.float32) / np.float32(pixel.peak) for plane in picture.planes]
    if pixel.model == "grey":
        return planes[0], None
    if pixel.model == "yuv":
        return planes[0], np.stack(planes[1:]) - np.float32(_middle(pixel))
    mixed = np.tensordot(_TO_YUV, np.stack(planes), axes=1)
    return np.asarray(mixed[0], np.float32), np.asarray(mixed[1:], np.float32)


def _middle(pixel: PixelFormat) -> float:
    return (1 << (pixel.bits - 1)) / pixel.peak


def _clean(
    number: int,
    picture: Picture,
    strength: Strength,
    params: Params,
    network: Denoiser,
    area: Area,
    facts: dict[str, JSON],
) -> StageFrame:
    whole, picture = picture, _cut_out(picture, area)
    luma, chroma = _apart(picture)
    clean = _clean_luma(luma, strength.luma, network)
    grain = np.zeros_like(luma)
    if params.grain == "keep":
        grain = params.share * (luma - clean)
    elif params.grain == "relay":
        grain = params.share * draw(luma - clean, clean, seed=(number,))
    colour = None if chroma is None else _clean_chroma(clean, chroma, strength.chroma, network)
    made = _joined(picture, clean + grain, luma, chroma, colour)
    drawn = None if params.grain != "relay" else _joined(picture, clean, luma, chroma, colour)
    made = _put_back(made, whole, area)
    drawn = None if drawn is None else _put_back(drawn, whole, area)
    structure, colours = _labels(whole, made, drawn)
    _note(number, whole, made, structure, facts)
    return StageFrame(made, structure, colours)


def _clean_luma(luma: Plane, sigma: float, network: Denoiser) -> Plane:
    if sigma < _LEAST:
        return luma
    return _held(luma, network.grey(luma, sigma / 255), sigma)


def _clean_chroma(luma: Plane, chroma: Plane, sigma: float, network: Denoiser) -> Plane:
    """Both chroma planes, cleaned in the light of the clean luma at their size."""
    if sigma < _LEAST:
        return chroma
    size = (chroma.shape[2], chroma.shape[1])
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    shown = np.tensordot(_TO_RGB, np.concatenate([small[None], chroma]), axes=1)
    clean = network.colour(shown.astype(np.float32), sigma / 255)
    return _held(chroma, np.tensordot(_TO_YUV, clean, axes=1)[1:].astype(np.float32), sigma)


def _held(noisy: Plane, clean: Plane, sigma: float) -> Plane:
    """The clean plane, no further from the noisy one than noise is."""
    most = np.float32(_FARTHEST * sigma / 255)
    return np.asarray(noisy + np.clip(clean - noisy, -most, most), np.float32)


def _joined(
    picture: Picture, luma: Plane, before: Plane, chroma: Plane | None, colour: Plane | None
) -> Picture:
    """Whole codes; planes of which nothing was changed keep theirs."""
    pixel = picture.pixel
    if pixel.model == "rgb":
        assert chroma is not None and colour is not None
        change = np.concatenate([(luma - before)[None], colour - chroma])
        added = np.tensordot(_TO_RGB, change, axes=1)
        changed = [
            plane + more * pixel.peak for plane, more in zip(picture.planes, added, strict=True)
        ]
    else:
        changed = [picture.planes[0] + (luma - before) * pixel.peak]
        if chroma is not None and colour is not None:
            more = (colour - chroma) * pixel.peak
            changed += [plane + by for plane, by in zip(picture.planes[1:], more, strict=True)]
    codes = (np.clip(np.rint(plane), 0, pixel.peak).astype(pixel.dtype) for plane in changed)
    return Picture(pixel, tuple(codes))


def _labels(
    before: Picture, after: Picture, without_grain: Picture | None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """ADJUSTED where a code changed; SYNTHESISED where grain was drawn."""
    structure = np.where(_differs(before, after, 0), np.uint8(Label.ADJUSTED), np.uint8(0))
    if without_grain is not None:
        structure[_differs(without_grain, after, 0)] = Label.SYNTHESISED
    pixel = before.pixel
    if pixel.model == "grey":
        return structure, np.zeros_like(structure)
    if pixel.model == "rgb":
        return structure, structure.copy()
    chroma = np.where(_differs(before, after, 1), np.uint8(Label.ADJUSTED), np.uint8(0))
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        chroma = np.repeat(chroma, 1 << shift, axis=axis)
    return structure, np.ascontiguousarray(chroma[: before.height, : before.width])


def _differs(one: Picture, other: Picture, first: int) -> npt.NDArray[np.bool_]:
    """Where luma (RGB: any channel; from plane 1 on: chroma) has another code."""
    last = 1 if first == 0 and one.pixel.model != "rgb" else len(one.planes)
    changed = [one.planes[n] != other.planes[n] for n in range(first, last)]
    return np.asarray(np.logical_or.reduce(changed))


def _note(
    number: int,
    before: Picture,
    after: Picture,
    structure: npt.NDArray[np.uint8],
    facts: dict[str, JSON],
) -> None:
    """The change of luma, or of green, in 8-bit codes."""
    plane = 1 if before.pixel.model == "rgb" else 0
    change = np.abs(after.planes[plane].astype(np.int32) - before.planes[plane].astype(np.int32))
    scale = 255 / before.pixel.peak
    facts["frames"].append(
        {
            "frame": number,
            "mean_change": round(float(change.mean()) * scale, 4),
            "largest_change": round(float(change.max()) * scale, 4),
            "changed": round(float((structure != Label.ORIGINAL.value).mean()), 4),
        }
    )


STAGE = Stage(
    name="denoise",
    version="1",
    queue="cpu",
    makes="pictures",
    params=Params,
    run=run,
    memory=taking(700, 300),
    weights=lambda params: (WEIGHTS,),
    whole_frames_only=True,
)
