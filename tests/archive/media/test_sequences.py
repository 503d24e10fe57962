"""Folders of numbered frames: order, gaps, mixed pictures, and what DPX says."""

from __future__ import annotations

import shutil
import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.errors import BrokenSequence, MediaError, NotAVideo
from archive.media.probe import probe
from archive.media.sequence import find_frames, read_dpx_header
from fixtures.clips import numbered_picture, read_number, write_sequence


def test_numbers_are_put_in_natural_order(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=12, name="{number}.{suffix}", first=1)
    found = find_frames(folder)
    assert [path.stem for path in found.files] == [str(n) for n in range(1, 13)]
    assert found.start_number == 1


def test_other_files_beside_the_frames_are_ignored(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3)
    for name in ("Thumbs.db", "checksums.md5", "notes 12.txt", ".00009.png", "poster.png"):
        (folder / name).write_text("x")
    assert len(find_frames(folder)) == 3


def test_a_missing_number_is_named_with_how_many(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=12, missing=[5, 8, 9])
    with pytest.raises(BrokenSequence, match=r"frame 5 is missing \(3 missing between 1 and 12\)"):
        find_frames(folder)


def test_a_number_that_comes_twice_is_named(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3)
    shutil.copy(folder / "frame_00002.png", folder / "frame_2.png")
    with pytest.raises(BrokenSequence, match=r"number 2 comes twice, as frame_00002\.png and"):
        find_frames(folder)


def test_two_sequences_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3)
    write_sequence(folder, frames=3, suffix="tiff")
    with pytest.raises(BrokenSequence, match="several sequences"):
        find_frames(folder)


def test_an_empty_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(NotAVideo, match="no numbered frames"):
        find_frames(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "tiff", "dpx"])
def test_frames_of_another_size_are_named(tmp_path: Path, suffix: str) -> None:
    folder = write_sequence(tmp_path / "reel", frames=8, other_size=[3, 6], suffix=suffix)
    with pytest.raises(BrokenSequence, match=rf"frame_00003\.{suffix} \(80x60 .*frame_00006"):
        probe(folder, rate=Fraction(18))
    source = open_source(folder, rate=Fraction(18))
    with pytest.raises(BrokenSequence, match="frame_00003"):
        list(source.frames())


def test_frames_of_another_depth_are_named(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=8)
    write_sequence(folder, frames=1, first=4, bits=16)
    with pytest.raises(BrokenSequence, match=r"frame_00004\.png \(160x120 gray16be\) differ"):
        probe(folder, rate=Fraction(18))


@pytest.mark.parametrize("damage", [b"", b"not a picture at all", None])
def test_a_frame_that_does_not_decode_is_named(tmp_path: Path, damage: bytes | None) -> None:
    folder = write_sequence(tmp_path / "reel", frames=5)
    path = folder / "frame_00004.png"
    path.write_bytes(path.read_bytes()[:40] if damage is None else damage)
    with pytest.raises(BrokenSequence, match=r"frame_00004\.png"):
        probe(folder, rate=Fraction(18))


@pytest.mark.parametrize("suffix", ["png", "tiff", "dpx", "jpg"])
def test_a_frame_that_is_cut_off_is_named(tmp_path: Path, suffix: str) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3, suffix=suffix)
    path = folder / f"frame_00002.{suffix}"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 19 // 20])
    with pytest.raises(BrokenSequence, match="frame_00002"):
        probe(folder, rate=Fraction(18))


def test_a_folder_without_a_rate_asks_for_one(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3)
    with pytest.raises(MediaError, match="--rate 18"):
        open_source(folder)
    with pytest.raises(MediaError, match="--rate 18"):
        probe(folder)


def test_its_start_number_is_kept(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=4, first=86400)
    found = probe(folder, rate=Fraction(24))
    assert (found.kind, found.start_number, found.frames) == ("sequence", 86400, 4)
    assert found.table.pts == (86400, 86401, 86402, 86403)


@pytest.mark.parametrize(("suffix", "bits"), [("png", 8), ("png", 16), ("tiff", 8), ("tiff", 16)])
def test_grey_frames_keep_their_code_values(tmp_path: Path, suffix: str, bits: int) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3, suffix=suffix, bits=bits)
    pixel = "gray" if bits == 8 else "gray16le"
    with open_source(folder, rate=Fraction(18)) as source:
        for number, picture in enumerate(source.frames(), 1):
            assert picture.same_codes(numbered_picture(number, pixel=pixel))


def test_ten_bit_dpx_keeps_its_code_values(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3, suffix="dpx")
    with open_source(folder, rate=Fraction(24)) as source:
        assert source.format.pixel.name == "gbrp10le"
        for number, picture in enumerate(source.frames(), 1):
            assert picture.same_codes(numbered_picture(number, pixel="gbrp10le"))


def test_pngs_are_not_added_to_the_one_before(tmp_path: Path) -> None:
    """FFmpeg's PNG decoder takes an unmarked picture for a difference to the last."""
    generator = np.random.default_rng(3)
    pictures = [generator.integers(0, 256, (40, 50, 3)).astype(np.uint8) for _ in range(4)]
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), picture)
    with open_source(tmp_path, rate=Fraction(18)) as source:
        for picture, read in zip(pictures, source.frames(), strict=True):
            assert np.array_equal(np.stack(read.planes[::-1], axis=-1), picture)


def test_jpegs_stay_in_their_own_full_range_yuv(tmp_path: Path) -> None:
    picture = np.full((16, 16, 3), (30, 60, 200), np.uint8)
    cv2.imwrite(str(tmp_path / "1.jpg"), picture)
    with open_source(tmp_path, rate=Fraction(18)) as source:
        assert source.format.pixel.name == "yuv420p"
        assert source.format.colour_range == "full"


def stamp_dpx(path: Path, *, rate: float, timecode: int) -> None:
    data = bytearray(path.read_bytes())
    order = ">" if data[:4] == b"SDPX" else "<"
    (offset,) = struct.unpack_from(f"{order}I", data, 4)
    data[offset:offset] = bytes(2048 - offset)  # the headers of film and television
    struct.pack_into(f"{order}I", data, 4, 2048)
    struct.pack_into(f"{order}f", data, 1724, rate)
    struct.pack_into(f"{order}I", data, 1920, timecode)
    path.write_bytes(data)


def test_dpx_headers_give_rate_and_timecode(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=3, suffix="dpx")
    for path in folder.iterdir():
        stamp_dpx(path, rate=23.976, timecode=0x01020317)
    found = probe(folder)
    assert found.rate == Fraction(24000, 1001)
    assert found.start_timecode == "01:02:03:17"
    with open_source(folder) as source:
        assert source.format.rate == Fraction(24000, 1001)


def test_undefined_dpx_fields_are_no_values(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=1, suffix="dpx")
    path = next(folder.iterdir())
    stamp_dpx(path, rate=float("nan"), timecode=0xFFFFFFFF)
    header = read_dpx_header(path)
    assert (header.rate, header.timecode) == (None, None)


def test_a_table_of_another_length_is_refused(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "reel", frames=4)
    table = probe(folder, rate=Fraction(18)).table
    (folder / "frame_00004.png").unlink()
    with pytest.raises(BrokenSequence, match="has 3 frames; its frame table has 4"):
        open_source(folder, table=table)


def test_names_may_have_spaces_quotes_and_any_letters(tmp_path: Path) -> None:
    folder = tmp_path / "Рулон 3 “A”, l'arrivée d'un \"train\" 列車"
    write_sequence(folder, frames=3, name="кадр '%d' {number:04d}.{suffix}")
    with open_source(folder, rate=Fraction(16)) as source:
        assert [read_number(one.planes[0]) for one in source.frames()] == [1, 2, 3]
