"""Maps as files, and every way to tamper with a take that has to be found out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import Picture
from restoration.execution import TakeFiles
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import (
    FrameMap,
    Label,
    ProvenanceError,
    Sources,
    Totals,
    identity_map,
)
from restoration.verification import verify_take
from tests.restoration.takes import BRIGHTEN, PATCH, run_stage, write_scan

START = 2


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scan(tmp_path_factory.mktemp("scan") / "scan.mkv", width=64, height=48)


@pytest.fixture(scope="module")
def sound_take(scan: Path, tmp_path_factory: pytest.TempPathFactory) -> TakeFiles:
    folder = tmp_path_factory.mktemp("take")
    first = run_stage(scan, BRIGHTEN, folder / "1")
    run_stage(scan, PATCH, folder / "2", input_folder=folder / "1", input_digest=first.digest)
    return TakeFiles(folder / "2")


@pytest.fixture
def take(sound_take: TakeFiles, tmp_path: Path) -> TakeFiles:
    """A copy that a test may tamper with."""
    shutil.copytree(sound_take.folder, tmp_path / "take")
    return TakeFiles(tmp_path / "take")


def violations(scan: Path, take: TakeFiles) -> list[str]:
    with open_source(scan) as source:
        return verify_take(source, take.picture, take.map, START)


def rewrite_pictures(take: TakeFiles, change: Callable[[list[Picture]], list[Picture]]) -> None:
    with open_source(take.picture) as source:
        form, pictures = source.format, list(source.frames(0, len(source)))
    take.picture.unlink()
    with PictureWriter(take.picture, form) as writer:
        for picture in change(pictures):
            writer.write(picture)


def rewrite_maps(take: TakeFiles, change: Callable[[list[FrameMap]], list[FrameMap]]) -> None:
    maps = change(list(MapReader(take.map).frames()))
    take.map.unlink()
    height, width = maps[0].structure.shape
    with MapWriter(take.map, width=width, height=height, rate=Fraction(18)) as writer:
        for frame_map in maps:
            writer.write(frame_map)


def write_gray(path: Path, arrays: list[np.ndarray]) -> None:
    """A file that looks like a map, whatever numbers are in it."""
    path.unlink(missing_ok=True)
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=18)
        stream.height, stream.width = arrays[0].shape
        stream.pix_fmt = "gray"
        for number, array in enumerate(arrays):
            frame = av.VideoFrame.from_ndarray(array, format="gray")
            frame.pts, frame.time_base = number, Fraction(1, 18)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def packed(take: TakeFiles) -> list[np.ndarray]:
    return [each.structure + 8 * each.colour for each in MapReader(take.map).frames()]


def test_a_take_as_it_was_made_is_sound(scan: Path, take: TakeFiles) -> None:
    assert violations(scan, take) == []


def test_two_swapped_frames_are_found(scan: Path, take: TakeFiles) -> None:
    rewrite_pictures(take, lambda all_: [*all_[:3], all_[4], all_[3], *all_[5:]])
    found = violations(scan, take)
    assert found[0].startswith("frame 5: Y: ")
    assert any(problem.startswith("frame 6: Y: ") for problem in found)


def test_an_altered_block_is_found(scan: Path, take: TakeFiles) -> None:
    def alter(pictures: list[Picture]) -> list[Picture]:
        planes = [plane.copy() for plane in pictures[2].planes]
        planes[0][40:44, 40:44] = 255 - planes[0][40:44, 40:44]
        return [*pictures[:2], Picture(pictures[2].pixel, tuple(planes)), *pictures[3:]]

    rewrite_pictures(take, alter)
    assert violations(scan, take) == [
        "frame 4: Y: 16 samples are labelled ORIGINAL but differ from the scan, first at y 40, x 40"
    ]


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_one_pixel_is_found(scan: Path, take: TakeFiles, plane: int) -> None:
    def alter(pictures: list[Picture]) -> list[Picture]:
        planes = [one.copy() for one in pictures[7].planes]
        planes[plane][-1, -1] ^= 1
        return [*pictures[:7], Picture(pictures[7].pixel, tuple(planes))]

    rewrite_pictures(take, alter)
    [problem] = violations(scan, take)
    assert problem.startswith(f"frame 9: {'YUV'[plane]}: 1 samples")


def test_a_map_that_claims_more_than_is_true_is_found(scan: Path, take: TakeFiles) -> None:
    rewrite_maps(take, lambda all_: [identity_map(48, 64) for _ in all_])
    assert any("frame 2: Y: " in problem for problem in violations(scan, take))


def test_a_stripped_map_is_found(scan: Path, take: TakeFiles) -> None:
    take.map.unlink()
    assert "cannot be read as a provenance map" in violations(scan, take)[0]


def test_a_file_that_is_no_map_is_found(scan: Path, take: TakeFiles) -> None:
    shutil.copy(take.picture, take.map)
    assert "is no provenance map" in violations(scan, take)[0]


def test_a_blurred_map_is_found(scan: Path, take: TakeFiles) -> None:
    arrays = [cv2.GaussianBlur(each, (3, 3), 0) for each in packed(take)]
    write_gray(take.map, arrays)
    assert violations(scan, take) != []


def test_a_map_resampled_by_interpolation_is_found(scan: Path, take: TakeFiles) -> None:
    """Halved and enlarged again: numbers between two labels, and labels that moved."""
    arrays = [
        cv2.resize(cv2.resize(each, (32, 24), interpolation=cv2.INTER_LINEAR), (64, 48))
        for each in packed(take)
    ]
    write_gray(take.map, arrays)
    assert violations(scan, take) != []


def test_a_map_of_another_take_is_found(scan: Path, take: TakeFiles, tmp_path: Path) -> None:
    run_stage(scan, PATCH, tmp_path / "other")
    shutil.copy(tmp_path / "other" / "map.mkv", take.map)
    assert violations(scan, take) != []


def test_a_map_of_another_length_is_found(scan: Path, take: TakeFiles, tmp_path: Path) -> None:
    rewrite_maps(take, lambda all_: all_[:-1])
    assert violations(scan, take) == [
        "the map has 7 frames, the picture 8; one of them is another take's"
    ]


def test_the_wrong_start_frame_is_found(scan: Path, take: TakeFiles) -> None:
    with open_source(scan) as source:
        assert verify_take(source, take.picture, take.map, START + 1) != []
        assert "the scan at 12" in verify_take(source, take.picture, take.map, 11)[0]


def test_a_truncated_map_is_found(scan: Path, take: TakeFiles) -> None:
    with take.map.open("r+b") as file:
        file.truncate(take.map.stat().st_size // 2)
    assert violations(scan, take) != []


def test_a_damaged_byte_in_the_map_is_found(scan: Path, take: TakeFiles) -> None:
    """FFV1's slice CRC and the labels' own grammar between them."""
    data = bytearray(take.map.read_bytes())
    clean = packed(take)
    found = unharmed = 0
    for place in range(len(data) // 2, len(data), 97):
        damaged = bytearray(data)
        damaged[place] ^= 0x40
        take.map.write_bytes(damaged)
        if violations(scan, take):
            found += 1
            continue
        # Bytes of the container that carry no label may differ; the labels may not.
        same = [np.array_equal(a, b) for a, b in zip(packed(take), clean, strict=True)]
        assert all(same), place
        unharmed += 1
    assert found > 10 * unharmed


# --- the file itself -----------------------------------------------------------------------------


def test_the_same_maps_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.mkv", "two.mkv"):
        with MapWriter(tmp_path / name, width=20, height=10, rate=Fraction(24)) as writer:
            writer.write(identity_map(10, 20))
    assert (tmp_path / "one.mkv").read_bytes() == (tmp_path / "two.mkv").read_bytes()


@pytest.mark.parametrize("rate", [Fraction(16), Fraction(24000, 1001), Fraction(50)])
def test_any_range_of_frames_can_be_read(tmp_path: Path, rate: Fraction) -> None:
    with MapWriter(tmp_path / "map.mkv", width=9, height=5, rate=rate) as writer:
        for number in range(60):
            frame_map = identity_map(5, 9)
            frame_map.structure[0, :] = [number >> bit & 1 for bit in range(9)]
            writer.write(frame_map)
    reader = MapReader(tmp_path / "map.mkv")
    assert len(reader) == 60 and not reader.has_sources
    for start, stop in ((0, 60), (0, 1), (59, 60), (17, 31), (30, 30)):
        read = [
            int(sum(int(bit) << place for place, bit in enumerate(each.structure[0])))
            for each in reader.frames(start, stop)
        ]
        assert read == list(range(start, stop))
    with pytest.raises(ValueError, match=r"frames \[50, 61\) of a map of 60"):
        next(reader.frames(50, 61))


def test_a_map_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "map.mkv").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        MapWriter(tmp_path / "map.mkv", width=2, height=2, rate=Fraction(24))
    assert (tmp_path / "map.mkv").read_bytes() == b"mine"


def test_a_map_that_failed_leaves_no_file(tmp_path: Path, take: TakeFiles) -> None:
    maps = list(MapReader(take.map).frames())  # with sources: three files are open
    with (
        pytest.raises(ProvenanceError, match="the map is 3 x 3"),
        MapWriter(tmp_path / "map.mkv", width=64, height=48, rate=Fraction(18)) as writer,
    ):
        for frame_map in maps:
            writer.write(frame_map)
        writer.write(identity_map(3, 3))
    assert list(tmp_path.glob("map.mkv*")) == []


def test_labels_alone_are_the_same_and_a_damaged_source_is_still_found(take: TakeFiles) -> None:
    both = zip(MapReader(take.map).frames(), MapReader(take.map).frames(sources=False), strict=True)
    for whole, labels in both:
        np.testing.assert_array_equal(whole.structure, labels.structure)
        assert labels.sources is None
    with av.open(str(take.map)) as container:
        last = [packet for packet in container.demux(video=1) if packet.size][-1]
        place = last.pos + last.size // 2
    with take.map.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 0x40]))
    with pytest.raises(ProvenanceError, match="wrong CRC"):
        list(MapReader(take.map).frames(sources=False))


def test_sources_come_back_with_the_frames_that_have_them(take: TakeFiles) -> None:
    maps = list(MapReader(take.map).frames())
    assert [each.sources is not None for each in maps] == [False] + [True] * 7
    [only] = MapReader(take.map).frames(5, 6)
    assert only.sources is not None
    assert (only.sources.offset[5, 5], only.sources.dx[5, 5], only.sources.dy[5, 5]) == (-1, -4, 0)
    assert MapReader(take.map).totals() == sum(map(Totals.count, maps), Totals())
    assert (only.structure == Label.RECOVERED).sum() == 16


def test_a_copy_late_in_a_long_scene_comes_back(tmp_path: Path) -> None:
    height, width, last = 120, 160, 1199
    random = np.random.default_rng(7)
    labels = random.choice([0, 1], (height, width)).astype(np.uint8)
    with MapWriter(tmp_path / "map.mkv", width=width, height=height, rate=Fraction(16)) as writer:
        for _ in range(last):
            writer.write(FrameMap(labels, labels))
        writer.write(copied_frame(height, width))

    maps = MapReader(tmp_path / "map.mkv")

    (first,) = maps.frames(0, 1)
    (late,) = maps.frames(last, last + 1)
    assert first.sources is None
    assert late.sources is not None
    assert int(late.sources.offset[5, 6]) == -1
    assert len(maps) == last + 1


def copied_frame(height: int, width: int) -> FrameMap:
    labels = np.zeros((height, width), np.uint8)
    offset, shift = np.zeros((height, width), np.int8), np.zeros((height, width), np.int16)
    labels[5, 6], offset[5, 6] = Label.RECOVERED, -1
    return FrameMap(labels, labels, Sources(offset, shift, shift))
