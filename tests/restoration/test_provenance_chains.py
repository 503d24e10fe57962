"""Whatever stages follow each other: labels stay true, nothing is laundered, totals add up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.media.pixels import PIXEL_FORMATS, Picture, PixelFormat
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import (
    FrameMap,
    Label,
    Totals,
    check_frame,
    check_sources,
    colour_sources,
    compose,
    identity_map,
    pack,
    resample_labels,
    structure_sources,
    unpack,
)
from tests.restoration.chains import OPERATIONS, follow, random_clip, random_stage, untouched

FRAMES = 3

chains = given(
    pixel=st.sampled_from(
        [
            PIXEL_FORMATS[name]
            for name in ("gray", "gray16le", "yuv420p", "yuv411p", "yuv422p10le", "gbrp")
        ]
    ),
    height=st.integers(1, 7),
    width=st.integers(1, 9),
    stages=st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Chain:
    """A random clip after random stages, composed and followed sample by sample."""

    def __init__(
        self, pixel: PixelFormat, height: int, width: int, stages: list[str], seed: int
    ) -> None:
        rng = np.random.default_rng(seed)
        self.pixel = pixel
        self.scan = random_clip(rng, pixel, height=height, width=width, frames=FRAMES)
        self.pictures = self.scan
        self.maps = [identity_map(height, width)] * FRAMES
        self.reference = untouched(self.scan)
        for kind in stages:
            self._run(rng, kind)

    def _run(self, rng: np.random.Generator, kind: str) -> None:
        made = [random_stage(rng, kind, self.pictures, number) for number in range(FRAMES)]
        before, held = self.pictures, self.maps
        for number, (picture, operation) in enumerate(made):
            assert check_frame(before[number], picture, operation) == []
            assert check_sources(picture, operation, lambda o, n=number: before[n + o]) == []
        self.maps = [
            compose(operation, lambda o, n=number: held[n + o], self.pixel)
            for number, (_, operation) in enumerate(made)
        ]
        self.reference = [
            follow(operation, number, self.reference, self.pixel)
            for number, (_, operation) in enumerate(made)
        ]
        self.pictures = [picture for picture, _ in made]


@chains
@quick
def test_original_never_differs_from_the_scan(pixel, height, width, stages, seed):
    chain = Chain(pixel, height, width, stages, seed)
    for scan, take, frame_map in zip(chain.scan, chain.pictures, chain.maps, strict=True):
        assert check_frame(scan, take, frame_map) == []


@chains
@quick
def test_every_label_is_what_following_each_sample_by_itself_gives(
    pixel, height, width, stages, seed
):
    chain = Chain(pixel, height, width, stages, seed)
    for frame_map, reference in zip(chain.maps, chain.reference, strict=True):
        for labels, plane in zip(_planes(frame_map, pixel), reference, strict=False):
            expected = np.vectorize(lambda sample: sample.label, otypes=[np.uint8])(plane)
            np.testing.assert_array_equal(labels, expected)


@chains
@quick
def test_what_was_made_up_never_becomes_evidence_again(pixel, height, width, stages, seed):
    chain = Chain(pixel, height, width, ["fill", *stages], seed)
    for number, (frame_map, reference) in enumerate(zip(chain.maps, chain.reference, strict=True)):
        for labels, plane in zip(_planes(frame_map, pixel), reference, strict=False):
            for y, x in np.ndindex(plane.shape):
                if plane[y, x].origin is None:
                    assert labels[y, x] >= Label.HUMAN, (number, y, x)


@chains
@quick
def test_sources_lead_back_to_the_scans_own_sample(pixel, height, width, stages, seed):
    chain = Chain(pixel, height, width, stages, seed)
    for number, (frame_map, reference) in enumerate(zip(chain.maps, chain.reference, strict=True)):
        recorded = [structure_sources(frame_map)]
        if pixel.model == "yuv":
            recorded.append(colour_sources(frame_map, pixel))
        for sources, labels, plane in zip(
            recorded, _planes(frame_map, pixel), reference, strict=False
        ):
            for y, x in np.ndindex(plane.shape):
                origin = plane[y, x].origin
                if labels[y, x] == Label.RECOVERED and origin is not None:
                    assert origin == (
                        number + sources.offset[y, x],
                        y + sources.dy[y, x],
                        x + sources.dx[y, x],
                    )


@chains
@quick
def test_totals_equal_a_recount(pixel, height, width, stages, seed):
    chain = Chain(pixel, height, width, stages, seed)
    total = sum((Totals.count(frame_map) for frame_map in chain.maps), Totals())
    for plane in ("structure", "colour"):
        everything = np.stack([getattr(frame_map, plane) for frame_map in chain.maps])
        for label in Label:
            assert getattr(total, plane)[label] == (everything == label).sum()
        assert sum(getattr(total, plane).values()) == total.pixels == everything.size
    assert Totals.from_json(total.as_json()) == total


@chains
@quick
def test_packing_loses_nothing(pixel, height, width, stages, seed):
    for frame_map in Chain(pixel, height, width, stages, seed).maps:
        again = unpack(pack(frame_map))
        np.testing.assert_array_equal(again.structure, frame_map.structure)
        np.testing.assert_array_equal(again.colour, frame_map.colour)


@chains
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_map_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, pixel, height, width, stages, seed
):
    maps = Chain(pixel, height, width, stages, seed).maps
    path = tmp_path_factory.mktemp("maps") / "map.mkv"
    with MapWriter(path, width=width, height=height, rate=Fraction(24000, 1001)) as writer:
        for frame_map in maps:
            writer.write(frame_map)
    reader = MapReader(path)
    for before, after in zip(maps, reader.frames(), strict=True):
        np.testing.assert_array_equal(after.structure, before.structure)
        np.testing.assert_array_equal(after.colour, before.colour)
        assert_same_sources(before, after)
    assert reader.totals() == writer.totals == sum(map(Totals.count, maps), Totals())


@given(
    labels=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    target=st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
@quick
def test_resizing_launders_nothing_and_makes_up_no_label(labels, size, target):
    rng = np.random.default_rng(labels)
    before = rng.choice(np.array(list(Label), np.uint8), size)
    after = resample_labels(before, *target)
    assert after.shape == target
    for y, x in np.ndindex(target):
        rows = _covered(y, size[0], target[0])
        columns = _covered(x, size[1], target[1])
        assert after[y, x] == before[np.ix_(rows, columns)].max()


def assert_same_sources(before: FrameMap, after: FrameMap) -> None:
    for one, other in (
        (before.sources, after.sources),
        (before.colour_sources, after.colour_sources),
    ):
        for name in ("offset", "dy", "dx"):
            nothing = np.zeros_like(before.structure)
            np.testing.assert_array_equal(
                getattr(one, name) if one is not None else nothing,
                getattr(other, name) if other is not None else nothing,
            )


def _planes(frame_map: FrameMap, pixel: PixelFormat) -> list[np.ndarray]:
    """Labels of each plane at its own resolution."""
    if pixel.model == "yuv":
        colour = frame_map.colour[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
        return [frame_map.structure, colour, colour]
    return [frame_map.structure] * (3 if pixel.model == "rgb" else 1)


def _covered(position: int, held: int, wanted: int) -> list[int]:
    """Input pixels whose label the output pixel must have: all it covers, or the nearest one."""
    if wanted >= held:
        return [int((position + Fraction(1, 2)) * held / wanted)]
    low, high = Fraction(position * held, wanted), Fraction((position + 1) * held, wanted)
    return [n for n in range(held) if n + 1 > low and n < high]


def test_the_reference_sees_a_changed_pixel() -> None:
    """The chain's own check is worth something: a lie in a random stage is refused."""
    pixel = PIXEL_FORMATS["gray"]
    picture = Picture(pixel, (np.zeros((4, 4), np.uint8),))
    changed = Picture(pixel, (np.eye(4, dtype=np.uint8),))
    assert check_frame(picture, changed, identity_map(4, 4))
