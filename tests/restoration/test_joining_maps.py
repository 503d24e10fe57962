"""Maps of scenes are joined to a reel's map as they are stored."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import FrameMap, Label, ProvenanceError, Sources, Totals, identity_map

HEIGHT, WIDTH, RATE = 24, 32, Fraction(24000, 1001)


def plain(number: int) -> FrameMap:
    frame_map = identity_map(HEIGHT, WIDTH)
    frame_map.structure[number % HEIGHT, :] = Label.ADJUSTED
    return frame_map


def copied(number: int, *, apart: bool = False) -> FrameMap:
    """One pixel from the frame after; colour perhaps from elsewhere."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[number % HEIGHT, 3] = Label.RECOVERED
    sources = [
        Sources(*(np.zeros(labels.shape, kind) for kind in (np.int8, np.int16, np.int16)))
        for _ in range(2)
    ]
    for place, each in enumerate(sources):
        each.offset[number % HEIGHT, 3] = place + 1
        each.dx[number % HEIGHT, 3] = -300
    return FrameMap(labels, labels, sources[0], sources[1] if apart else None)


SCENES = {
    "nothing copied": [[plain(0), plain(1)], [plain(2)]],
    "copied from the first frame on": [[copied(0), plain(1), copied(2)], [copied(3), plain(4)]],
    "copied in the second scene alone": [[plain(0), plain(1)], [plain(2), copied(3)]],
    "copied in the first scene alone": [[plain(0), copied(1)], [plain(2), plain(3)]],
    "colour apart": [[plain(0)], [copied(1, apart=True), plain(2)], [copied(3, apart=True)]],
}


def write(path: Path, maps: list[FrameMap]) -> Totals:
    with MapWriter(path, width=WIDTH, height=HEIGHT, rate=RATE) as writer:
        for frame_map in maps:
            writer.write(frame_map)
    return writer.totals


def same(one: FrameMap, other: FrameMap) -> bool:
    sources = [(one.sources, other.sources), (one.colour_sources, other.colour_sources)]
    return np.array_equal(one.structure, other.structure) and all(
        (a is None and b is None)
        or (
            a is not None
            and b is not None
            and np.array_equal(a.offset, b.offset)
            and np.array_equal(a.dy, b.dy)
            and np.array_equal(a.dx, b.dx)
        )
        for a, b in sources
    )


@pytest.mark.parametrize("scenes", SCENES.values(), ids=list(SCENES))
def test_the_joined_map_says_what_the_scenes_maps_said(
    tmp_path: Path, scenes: list[list[FrameMap]]
) -> None:
    joined = tmp_path / "joined.mkv"
    with MapWriter(joined, width=WIDTH, height=HEIGHT, rate=RATE) as writer:
        for number, maps in enumerate(scenes):
            path = tmp_path / f"{number}.mkv"
            assert writer.copy(path, write(path, maps))
    expected = [frame_map for maps in scenes for frame_map in maps]
    reader = MapReader(joined)
    assert len(reader) == len(expected)
    for found, wanted in zip(reader.frames(), expected, strict=True):
        assert same(found, wanted)
    (last,) = reader.frames(len(expected) - 1, len(expected))
    assert same(last, expected[-1])
    assert reader.totals() == writer.totals
    assert all(after > before for before, after in pairwise(reader.times))


def test_what_was_coded_otherwise_is_left_to_be_written(tmp_path: Path) -> None:
    other = tmp_path / "other.mkv"
    with av.open(str(other), "w") as container:
        stream = container.add_stream("ffv1", rate=24, options={"level": "3", "slices": "9"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "gray"
        frame = av.VideoFrame.from_ndarray(plain(0).structure, format="gray")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with MapWriter(tmp_path / "joined.mkv", width=WIDTH, height=HEIGHT, rate=RATE) as writer:
        assert not writer.copy(other, Totals())
        assert writer.frames == 0
        writer.write(plain(0))


def test_what_is_no_map_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.mkv").write_bytes(b"no map")
    with (
        pytest.raises(ProvenanceError, match="cannot be read as a provenance map"),
        MapWriter(tmp_path / "joined.mkv", width=WIDTH, height=HEIGHT, rate=RATE) as writer,
    ):
        writer.copy(tmp_path / "other.mkv", Totals())
