"""Fields in time: FFmpeg's bwdif makes the lines that a moment lacks, its idet tells their order.

bwdif is Weston's filter over three fields (BBC, as in w3fdif) with the motion checks of yadif.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

from archive.media.combing import combed_blocks
from archive.media.pixels import PIXEL_FORMATS, Picture
from archive.media.planes import read_picture, write_planes
from restoration.imaging.luma import analysis_luma, eight_bit
from restoration.stages.contract import StageError

FILTER = "bwdif=mode=send_frame:parity={parity}:deint=all"
PARITY = {"top": "tff", "bottom": "bff"}
_COMBS = 2
"""Blocks with combs from which a frame is taken for two moments."""
_FEWEST, _TIMES = 3, 4
"""An order is told by so many frames, and by so many times as many as speak for the other."""


def is_combed(here: Picture, neighbours: Iterable[Picture]) -> bool:
    """Whether a frame shows two moments, seen beside the frames before and after it."""
    luma = _luma(here)
    peak = here.pixel.peak
    return any(combed_blocks(luma, _luma(other), peak=peak) >= _COMBS for other in neighbours)


def _luma(picture: Picture) -> np.ndarray:
    """Y, or the green of RGB, in native codes."""
    return picture.planes[1 if picture.pixel.model == "rgb" else 0]


def order_shown(pictures: Iterable[Picture]) -> dict[str, int]:
    """How many frames speak for either field as the first one in time.

    Returns: {"top": frames, "bottom": frames}.
    """
    graph: Graph | None = None
    counts = {"top": 0, "bottom": 0}
    grey = PIXEL_FORMATS["gray"]
    for number, picture in enumerate(pictures):
        frame = write_planes(Picture(grey, (eight_bit(analysis_luma(picture)),)))
        frame.pts, frame.time_base = number, Fraction(1, 25)
        graph = graph or _graph(frame, "idet", "")
        graph.push(frame)
        _count(graph, counts)
    if graph is not None:
        graph.push(None)
        _count(graph, counts)
    return counts


def _count(graph: Graph, counts: dict[str, int]) -> None:
    for frame in _pulled(graph):
        for name, parity in PARITY.items():
            shown = frame.metadata.get("lavfi.idet.multiple.current_frame")
            counts[name] += shown == parity


def first_by(counts: dict[str, int]) -> str:
    """`top` or `bottom`; empty where the frames do not tell."""
    for name, other in (("top", "bottom"), ("bottom", "top")):
        if counts[name] >= max(_FEWEST, _TIMES * counts[other]):
            return name
    return ""


def whole_frames(pictures: Iterable[Picture], count: int, first: str) -> Iterator[Picture]:
    """One whole frame for each of `count` pictures between which nothing was cut.

    Args:
        first: `top` or `bottom`, whose lines are kept.
    Raises: StageError for pixels that the filter would convert.
    """
    graph: Graph | None = None
    given = 0
    name, _, settings = FILTER.format(parity=PARITY[first]).partition("=")
    for number, picture in enumerate(_at_least_two(pictures)):
        frame = write_planes(picture)
        frame.pts, frame.time_base = number, Fraction(1, 25)
        graph = graph or _graph(frame, name, settings)
        graph.push(frame)
        for made in _pulled(graph):
            given += 1
            if given <= count:
                yield _unconverted(made, frame)
    if graph is not None:
        graph.push(None)
        for made in _pulled(graph):
            given += 1
            if given <= count:
                yield _unconverted(made, frame)


def _at_least_two(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """A single picture twice: the filter hands on one that it sees alone as it is."""
    seen: list[Picture] = []
    for picture in pictures:
        seen = [*seen[-1:], picture]
        yield picture
    if len(seen) == 1:
        yield seen[0]


def _graph(frame: av.VideoFrame, name: str, settings: str) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
    )
    graph.link_nodes(source, graph.add(name, settings), graph.add("buffersink"))
    graph.configure()
    return graph


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):  # PyAV's words for: not yet, and no more
            return
        assert isinstance(frame, av.VideoFrame)
        yield frame


def _unconverted(made: av.VideoFrame, given: av.VideoFrame) -> Picture:
    if made.format.name != given.format.name:
        raise StageError(
            f"the filter has no {given.format.name} and would convert it; take the film in as "
            "grey, YUV or RGB of 8 to 16 bits"
        )
    return read_picture(made)
