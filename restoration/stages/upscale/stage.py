"""Larger pictures that give back their source when they are shrunk, and say what they made up.

A network, or resampling alone, proposes luma; chroma is resampled. Back-projection then makes every
plane shrink to exactly what was read, to the rounding of the file. What it adds beyond that is not
in the source: its size is estimated at every pixel, kept as heat, and above a threshold labelled
SYNTHESISED.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat
from restoration.imaging.bars import Area
from restoration.imaging.resample import Plane, not_given_back, over_blocks, resample
from restoration.provenance import Label
from restoration.stages.area import picture_area
from restoration.stages.contract import (
    JSON,
    Clip,
    Outcome,
    Progress,
    Stage,
    StageFrame,
)
from restoration.stages.memory import PICTURES, taking
from restoration.stages.segments import Segment, split_at_marks
from restoration.stages.upscale import faithful, invention
from restoration.stages.upscale.area import keep_outside
from restoration.stages.upscale.engines import Engine, Enlarged
from restoration.stages.upscale.limits import EVERY, Lookout
from restoration.stages.upscale.opening import open_engine, tile_of
from restoration.stages.upscale.params import Params, weights_of
from restoration.stages.upscale.size import Size, wanted_size

CHUNK = 12
"""Frames after which it can begin again: a stretch of `basicvsr`; the others could at any frame."""
OPERATOR = (
    "bicubic: each axis, Keys' cubic, a = -0.5, widened by the factor, weights made to sum to 1, "
    "samples at pixel centres; area: the mean of what is covered: restoration/imaging/resample.py"
)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of R, G and B (BT.601): what the network sees of RGB; every channel gets the detail it adds."""


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip enlarged.

    Raises: StageError for a size that is no enlargement, or too large.
    """
    return resume(clip, params, progress, clip.start_frame, None)


def resume(
    clip: Clip, params: Params, progress: Progress, first: int, so_far: dict[str, JSON] | None
) -> Outcome:
    """The same from the frame `first` on; see `Stage.resume`."""
    size = wanted_size(clip.format, scale=params.scale, height=params.height)
    facts: dict[str, JSON] = so_far or {
        "engine": params.engine,
        "mode": params.mode,
        "width": size.width,
        "height": size.height,
        "operator": OPERATOR,
        "threshold": params.threshold,
        "consistency_db": 99.0,
        "made_up": 0.0,
        "areas": [],
        "frames": [],
        "small_faces": [],
        "small_text": [],
        "to_review": "",
        "warnings": [],
    }
    return Outcome(_Enlarging(clip, params, size, facts, progress).stream(first), facts)


class _Enlarging:
    """One run over a clip."""

    def __init__(
        self,
        clip: Clip,
        params: Params,
        size: Size,
        facts: dict[str, JSON],
        progress: Progress,
    ) -> None:
        self._clip, self._params, self._size = clip, params, size
        self._facts, self._progress = facts, progress
        self._pixel = clip.format.pixel
        makes_up = params.engine != "resample"
        self._limits = partial(  # its networks are opened when the first frame is asked for
            Lookout, facts, faces=params.faces and makes_up, text=params.text and makes_up
        )
        self._done, self._total = 0, clip.end_frame - clip.start_frame

    def stream(self, first: int) -> Iterator[StageFrame]:
        """Frames from `first` on."""
        engine = open_engine(self._params, self._size, self._facts, self._beat, self._clip.device)
        lookout = self._limits()
        self._done = first - self._clip.start_frame
        for segment in split_at_marks(
            self._clip.start_frame, self._clip.end_frame, self._clip.marks
        ):
            if segment.stop > first:
                yield from self._segment(engine, lookout, segment, max(first, segment.start))
        self._conclude(engine, lookout)

    def _segment(
        self, engine: Engine, lookout: Lookout, segment: Segment, first: int
    ) -> Iterator[StageFrame]:
        before = engine.before if first > segment.start else 0
        area = self._area(segment, first)
        numbers = range(first, segment.stop)
        pictures = self._clip.frames(first, segment.stop)
        lumas = map(luma_of, self._clip.frames(first - before, segment.stop))
        results = engine.enlarge(lumas, before)
        for number, picture, result in zip(numbers, pictures, results, strict=True):
            if (number - segment.start) % EVERY == 0:
                lookout.look(number, luma_of(picture))
            made = self._finish(number, picture, self._within(area, picture, result))
            self._facts |= engine.notes()  # so that a run that goes on does as this one did
            yield made
            self._done += 1
            self._beat()

    def _area(self, segment: Segment, first: int) -> Area:
        """Where the segment's picture is; a run that goes on finds it as the first one did."""
        area = picture_area(self._clip, segment, self._params.area)
        if first == segment.start:
            told = {"start": segment.start, "stop": segment.stop, "area": list(area)}
            self._facts["areas"].append(told)
        return area

    def _within(self, area: Area, picture: Picture, result: Enlarged) -> Enlarged:
        """What the engine made of the picture itself; around it, plain resampling."""
        if area == (0, 0, picture.width, picture.height) or self._params.engine == "resample":
            return result
        return keep_outside(area, luma_of(picture), result)

    def _beat(self) -> None:
        """Work goes on, also where it makes no frame yet: a silent process would be ended."""
        self._progress(self._done, self._total)

    def _finish(self, number: int, picture: Picture, result: Enlarged) -> StageFrame:
        made = self._picture(picture, result.luma)
        structure, heat = self._judge(picture, made, result)
        colour = self._colour(structure)
        self._mark_lost(picture, made, structure, colour)
        self._note(number, picture, made, structure)
        return StageFrame(made, structure, colour, heat=heat)

    def _picture(self, source: Picture, luma: Plane) -> Picture:
        peak = np.float32(self._pixel.peak)
        shapes = self._pixel.plane_shapes(width=self._size.width, height=self._size.height)
        added = luma * peak
        if self._pixel.model == "rgb":
            added = (luma - resample(luma_of(source), *luma.shape)) * peak
        planes = []
        for place, (plane, shape) in enumerate(zip(source.planes, shapes, strict=True)):
            proposed = added
            if self._pixel.model == "rgb" or place > 0:
                proposed = resample(plane.astype(np.float32), *shape)
                proposed = proposed + added if self._pixel.model == "rgb" else proposed
            planes.append(
                faithful.code_values(
                    proposed,
                    plane,
                    peak=self._pixel.peak,
                    faithful=self._params.mode == "faithful",
                )
            )
        return Picture(self._pixel, tuple(planes))

    def _judge(
        self, source: Picture, made: Picture, result: Enlarged
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        small = luma_of(source)
        bicubic = resample(small, self._size.height, self._size.width)
        # In 8-bit codes, whatever the depth of the file: so that one threshold serves all.
        left = faithful.LEFT * 255 / self._pixel.peak
        plain = faithful.project_in_range(bicubic * 255, small * 255, peak=255, left=left)
        judged = invention.judge(
            luma_of(made) * 255,
            plain,
            bicubic * 255,
            None if result.expected is None else result.expected * 255,
            threshold=self._params.threshold,
        )
        return judged.labels, judged.heat

    def _colour(self, structure: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """RGB goes with luma; chroma is resampled, which adds nothing; grey has none."""
        if self._pixel.model == "rgb":
            return structure.copy()
        label = Label.ORIGINAL if self._pixel.model == "grey" else Label.ADJUSTED
        return np.full_like(structure, label.value)

    def _mark_lost(
        self,
        source: Picture,
        made: Picture,
        structure: npt.NDArray[np.uint8],
        colour: npt.NDArray[np.uint8],
    ) -> None:
        """Where shrinking does not give the source back, the pixels are no adjustment of it."""
        for place, (large, small) in enumerate(zip(made.planes, source.planes, strict=True)):
            lost = not_given_back(large, small, peak=self._pixel.peak)
            if not lost.any():
                continue
            where = over_blocks(lost, *large.shape)
            if self._pixel.model == "yuv" and place > 0:
                colour[_spread(where, self._pixel, structure.shape)] = Label.SYNTHESISED.value
                continue
            structure[where] = Label.SYNTHESISED.value
            if self._pixel.model == "rgb":
                colour[where] = Label.SYNTHESISED.value

    def _note(
        self, number: int, source: Picture, made: Picture, structure: npt.NDArray[np.uint8]
    ) -> None:
        planes = [
            faithful.consistency(large, small, peak=self._pixel.peak)
            for large, small in zip(made.planes, source.planes, strict=True)
        ]
        given_back = min(plane.decibels for plane in planes)
        share = float((structure == Label.SYNTHESISED.value).mean())
        self._facts["frames"].append(
            {
                "frame": number,
                "consistency_db": round(given_back, 2),
                "shrinking": [plane.kind for plane in planes],
                "made_up": round(share, 4),
            }
        )
        self._facts["consistency_db"] = round(min(self._facts["consistency_db"], given_back), 2)
        self._facts["made_up"] += share / self._total

    def _conclude(self, engine: Engine, lookout: Lookout) -> None:
        self._facts["made_up"] = round(float(self._facts["made_up"]), 4)
        self._facts |= engine.notes()
        told = lookout.words()
        if self._facts.get("tile_halvings"):
            self._facts["warnings"].append(
                f"memory ran out; tiles were made smaller, to {tile_of(self._facts)} pixels a side"
            )
        if self._params.mode == "faithful" and self._facts["consistency_db"] < faithful.LEAST_DB:
            told.append(
                "the source holds more contrast than any picture of that size can give back: "
                f"shrunk, the result is {self._facts['consistency_db']} dB from it at worst; those "
                "places are labelled SYNTHESISED"
            )
        self._facts["warnings"] += told
        self._facts["to_review"] = "; ".join(told)


def luma_of(picture: Picture) -> Plane:
    """What the network sees of a picture, (H, W) float32 in [0, 1]."""
    peak = np.float32(picture.pixel.peak)
    if picture.pixel.model != "rgb":
        return np.asarray(picture.planes[0].astype(np.float32) / peak, np.float32)
    mixed = sum(
        share * plane.astype(np.float32) for share, plane in zip(_LUMA, picture.planes, strict=True)
    )
    return np.asarray(mixed / peak, np.float32)


def _spread(
    where: npt.NDArray[np.bool_], pixel: PixelFormat, shape: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Places of a chroma plane, over the luma pixels that they cover."""
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        where = np.repeat(where, 1 << shift, axis=axis)
    return np.ascontiguousarray(where[: shape[0], : shape[1]])


def memory_of(params: Params, pixels: int, size: int) -> int:
    """Bytes: pictures that wait to be written are larger, by up to four times each way."""
    larger = (4 if params.height else params.scale) ** 2
    return taking(900, 150 + 100 * larger, PICTURES + 8 * larger)(params, pixels, size)


STAGE = Stage(
    name="upscale",
    version="1",
    queue="cpu",
    makes="pictures",
    params=Params,
    run=run,
    memory=memory_of,
    weights=weights_of,
    tells_heat=True,
    whole_frames_only=True,
    resume=resume,
    chunk=CHUNK,
)
