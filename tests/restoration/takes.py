"""Small scans on disk and small stages that label what they do, for tests of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from archive.fixity import sha256_file
from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.execution import Made, Order, execute
from restoration.provenance import Label, Sources
from restoration.stages.contract import Clip, Outcome, Progress, Stage, StageFrame


@dataclass(frozen=True, slots=True)
class Params:
    """Of the small stages."""

    by: int = 1
    """Codes that `brighten` adds."""


def write_scan(
    path: Path,
    *,
    frames: int = 12,
    width: int = 31,
    height: int = 23,
    pixel: str = "yuv420p",
    rate: Fraction = Fraction(18),
) -> Path:
    """A scan of noise, different in every frame."""
    form = PictureFormat(width, height, PIXEL_FORMATS[pixel], rate)
    with PictureWriter(path, form) as writer:
        for number in range(frames):
            writer.write(noise(form, number))
    return path


def noise(form: PictureFormat, number: int) -> Picture:
    """The picture of that number in every scan of this form."""
    rng = np.random.default_rng(number)
    shapes = form.pixel.plane_shapes(width=form.width, height=form.height)
    return Picture(
        form.pixel,
        tuple(rng.integers(0, form.pixel.peak, shape).astype(form.pixel.dtype) for shape in shapes),
    )


def small_stage(name: str, make: Callable[[Clip, int, Any], StageFrame]) -> Stage:
    """A stage of pictures from a function that makes one frame."""

    def run(clip: Clip, params: Any, progress: Progress) -> Outcome:
        outcome = Outcome(facts={"made": 0, "per_frame": []})

        def stream() -> Iterator[StageFrame]:
            total = clip.end_frame - clip.start_frame
            for done, number in enumerate(range(clip.start_frame, clip.end_frame), start=1):
                yield make(clip, number, params)
                outcome.facts["made"] = done
                outcome.facts["per_frame"].append(number)
                progress(done, total)

        outcome.frames = stream()
        return outcome

    return Stage(name=name, version="1", queue="cpu", makes="pictures", params=Params, run=run)


def only(clip: Clip, number: int) -> Picture:
    """One frame of a clip."""
    return next(clip.frames(number, number + 1))


def leave(clip: Clip, number: int, params: Params) -> StageFrame:
    """Everything as it is."""
    picture = only(clip, number)
    nothing = np.zeros((picture.height, picture.width), np.uint8)
    return StageFrame(picture, nothing, nothing.copy())


def brighten(clip: Clip, number: int, params: Params) -> StageFrame:
    """Add to the upper half of the first plane; ADJUSTED where a code changed."""
    picture = only(clip, number)
    luma = picture.planes[0].copy()
    half = luma[: picture.height // 2]
    half[half <= picture.pixel.peak - params.by] += luma.dtype.type(params.by)
    labels = (luma != picture.planes[0]).astype(np.uint8) * np.uint8(Label.ADJUSTED)
    colour = labels.copy() if picture.pixel.model == "rgb" else np.zeros_like(labels)
    return StageFrame(Picture(picture.pixel, (luma, *picture.planes[1:])), labels, colour)


def patch(clip: Clip, number: int, params: Params) -> StageFrame:
    """Copy a block from the frame before (the first: make one up), as repair does."""
    picture = only(clip, number)
    planes = [plane.copy() for plane in picture.planes]
    labels = np.zeros((picture.height, picture.width), np.uint8)
    sources = None
    if number == clip.start_frame:
        labels[4:8, 4:8] = Label.SYNTHESISED
        for plane, (y, x) in zip(planes, _blocks(picture), strict=True):
            plane[y, x] = 7
    else:
        before = only(clip, number - 1)
        labels[4:8, 4:8] = Label.RECOVERED
        for plane, old, (y, x) in zip(planes, before.planes, _blocks(picture), strict=True):
            plane[y, x] = old[y, slice(0, x.stop - x.start)]
        sources = Sources(*(np.zeros(labels.shape, t) for t in (np.int8, np.int16, np.int16)))
        sources.offset[4:8, 4:8] = -1
        sources.dx[4:8, 4:8] = -4
    colour = labels if picture.pixel.model != "grey" else np.zeros_like(labels)
    return StageFrame(Picture(picture.pixel, tuple(planes)), labels, colour.copy(), sources)


def _blocks(picture: Picture) -> list[tuple[slice, slice]]:
    """The block [4:8, 4:8] of luma, in every plane."""
    pixel = picture.pixel
    if pixel.model != "yuv":
        return [(slice(4, 8), slice(4, 8))] * len(picture.planes)
    chroma = (
        slice(4 >> pixel.chroma_shift_y, 8 >> pixel.chroma_shift_y),
        slice(4 >> pixel.chroma_shift_x, 8 >> pixel.chroma_shift_x),
    )
    return [(slice(4, 8), slice(4, 8)), chroma, chroma]


LEAVE, BRIGHTEN, PATCH = (small_stage(make.__name__, make) for make in (leave, brighten, patch))


def run_stage(
    scan: Path,
    stage: Stage,
    folder: Path,
    *,
    frames: tuple[int, int] = (2, 10),
    progress: Progress = lambda done, total: None,
    **order: Any,
) -> Made:
    """Execute one stage on a range of a scan."""
    wanted = Order(
        scan_path=scan,
        scan_sha256=sha256_file(scan),
        stage=stage.name,
        start_frame=frames[0],
        end_frame=frames[1],
        out_folder=folder,
        **order,
    )
    return execute(wanted, progress, stage=stage)
