"""Whole frames of two fields: the first field's lines stay, and each other line says what it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.__main__ import main
from restoration.mapfile import MapReader
from restoration.provenance import Label, check_frame, check_sources
from restoration.provenance.labels import FrameMap
from restoration.stages import find_stage
from restoration.stages.contract import StageError, StageFrame, require_frames
from restoration.stages.deinterlace.joining import join
from restoration.stages.deinterlace.stage import STAGE
from restoration.stages.material import MemoryClip
from restoration.stages.upscale.stage import STAGE as UPSCALE
from tests.restoration.stages.films import scenery

WIDTH, HEIGHT, FRAMES, STEP = 96, 64, 6, 3


def film(name: str = "gray", *, step: int = STEP, first: str = "top", **more: object) -> MemoryClip:
    """Scenery that pans by `step` pixels between the fields of each frame, beside a still half."""
    pixel = PIXEL_FORMATS[name]
    wide = scenery(7, width=WIDTH + 2 * step * FRAMES + step, height=HEIGHT)
    pictures = []
    for number in range(FRAMES):
        early, late = (wide[:, 2 * step * number + by :][:, :WIDTH].copy() for by in (0, step))
        for moment in (early, late):
            moment[:, WIDTH // 2 :] = wide[:, WIDTH // 2 : WIDTH]
        planes = []
        for shape in pixel.plane_shapes(width=WIDTH, height=HEIGHT):
            down, across = HEIGHT // shape[0], WIDTH // shape[1]
            kept = 0 if first == "top" else 1
            woven = early[::down, ::across].copy()
            woven[1 - kept :: 2] = late[::down, ::across][1 - kept :: 2]
            planes.append(np.rint(woven * pixel.peak).astype(pixel.dtype))
        pictures.append(Picture(pixel, tuple(planes)))
    marks = more.get("marks", ())
    assert isinstance(marks, tuple)
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(25)), marks)


def made(clip: MemoryClip, first: str = "") -> tuple[list[StageFrame], dict]:
    outcome = STAGE.run(clip, STAGE.params(first=first), lambda done, total: None)
    return list(outcome.frames), outcome.facts


def comb(plane: np.ndarray) -> float:
    lines = plane.astype(float)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


@pytest.mark.parametrize("name", ["gray", "yuv420p", "yuv422p10le", "gbrp", "gray16le"])
@pytest.mark.parametrize("first", ["top", "bottom"])
def test_lines_of_the_first_field_are_original_and_all_labels_stand_before_the_gate(
    name: str, first: str
) -> None:
    clip = film(name, first=first)
    frames, facts = made(clip)
    kept = 0 if first == "top" else 1
    assert facts["scenes"][0]["first"] == first and facts["parted"] == FRAMES == len(frames)
    for number, (frame, scan) in enumerate(zip(frames, clip.pictures, strict=True)):
        for new, old in zip(frame.picture.planes, scan.planes, strict=True):
            assert (new[kept::2] == old[kept::2]).all()
        assert (frame.structure[kept::2] == Label.ORIGINAL.value).all()
        other = frame.structure[1 - kept :: 2]
        assert {Label.ORIGINAL, Label.SYNTHESISED} <= set(np.unique(other).tolist())
        labels = FrameMap(frame.structure, frame.colour, frame.sources)
        assert check_frame(scan, frame.picture, labels) == []

        def away(offset: int, number: int = number) -> Picture:
            return clip.pictures[number + offset]

        assert check_sources(frame.picture, labels, away) == []


def test_what_stands_still_keeps_the_lines_of_both_fields() -> None:
    clip = film()
    frames, _ = made(clip)
    still = np.s_[:, WIDTH // 2 + 8 :]
    for frame, scan in list(zip(frames, clip.pictures, strict=True))[1:]:
        assert (frame.picture.planes[0][still] == scan.planes[0][still]).all()
        assert (frame.structure[still] == Label.ORIGINAL.value).all()
    # Of the first frame nothing earlier tells what stands still.
    assert (frames[0].structure[still] == Label.ORIGINAL.value).mean() > 0.7


def test_a_line_made_anew_says_whether_it_is_copied_interpolated_or_made_up() -> None:
    grey = PIXEL_FORMATS["gray"]
    lines = np.repeat(np.array([[10], [200], [30], [200], [50], [200]], np.uint8), 4, axis=1)
    before = np.repeat(np.array([[0], [90], [0], [90], [0], [90]], np.uint8), 4, axis=1)
    whole = lines.copy()
    whole[1] = [199, 91, 20, 120]  # its own, the frame before's, what lies between, none of them
    whole[3] = whole[5] = 200
    joined = join(
        Picture(grey, (lines,)), Picture(grey, (whole,)), Picture(grey, (before,)), kept=0, near=2.0
    )
    assert joined.structure[1].tolist() == [
        Label.ORIGINAL,
        Label.RECOVERED,
        Label.ADJUSTED,
        Label.SYNTHESISED,
    ]
    assert joined.picture.planes[0][1].tolist() == [200, 90, 20, 120], "copied, not nearly so"
    assert joined.sources is not None
    assert joined.sources.offset[1].tolist() == [0, -1, 0, 0]
    alone = join(Picture(grey, (lines,)), Picture(grey, (whole,)), None, kept=0, near=2.0)
    assert alone.structure[1, 1] == Label.SYNTHESISED and alone.sources is None


def test_luma_is_copied_only_where_chroma_needs_no_record_of_its_own() -> None:
    frames, _ = made(film("yuv420p"))
    copied = [frame.structure == Label.RECOVERED.value for frame in frames]
    assert any(where.any() for where in copied)
    for frame, where in zip(frames, copied, strict=True):
        assert (frame.colour[where] == Label.ORIGINAL.value).all()
        # Each line of 4:2:0 chroma covers two of luma; every other one was kept.
        assert (frame.colour.reshape(-1, 4, WIDTH)[:, :2] == Label.ORIGINAL.value).all()


def test_moving_edges_lose_their_combs_and_nothing_reaches_over_a_splice() -> None:
    clip = film(marks=(2,))
    frames, facts = made(clip, "top")
    half = np.s_[:, : WIDTH // 2 - 4]
    for frame, scan in zip(frames, clip.pictures, strict=True):
        assert comb(frame.picture.planes[0][half]) < 0.5 * comb(scan.planes[0][half])
    assert [scene["start"] for scene in facts["scenes"]] == [0, 2]
    assert frames[2].sources is None, "there is no frame before a splice"
    alone, _ = made(MemoryClip(clip.pictures[2:], clip.format), "top")
    for one, other in zip(frames[2:], alone, strict=True):
        assert (one.picture.planes[0] == other.picture.planes[0]).all()
        assert (one.structure == other.structure).all()


def test_whole_frames_stay_bit_by_bit_alone_and_among_others() -> None:
    combed = film()
    wide = scenery(7, width=WIDTH + 100, height=HEIGHT)
    grey = combed.format.pixel
    whole = [
        Picture(grey, (np.rint(wide[:, 6 * n :][:, :WIDTH] * 255).astype(np.uint8),))
        for n in range(FRAMES)
    ]
    frames, facts = made(MemoryClip(whole, combed.format))
    assert facts["parted"] == 0 and facts["scenes"][0]["first"] == ""
    mixed, told = made(MemoryClip([*combed.pictures, *whole], combed.format))
    assert [frame["parted"] for frame in told["frames"]] == [True] * FRAMES + [False] * FRAMES
    for one, other, scan in zip(frames, mixed[FRAMES:], whole, strict=True):
        for frame in (one, other):
            assert (frame.picture.planes[0] == scan.planes[0]).all()
            assert not frame.structure.any() and frame.sources is None


def test_without_a_field_order_it_asks_and_a_wrong_one_is_told() -> None:
    clip = film()
    two = MemoryClip(clip.pictures[:2], clip.format)
    with pytest.raises(StageError, match="give deinterlace first=top or first=bottom"):
        made(two)
    assert len(made(two, "top")[0]) == len(made(MemoryClip(two.pictures[:1], two.format))[0]) + 1
    _, facts = made(clip, "bottom")
    assert "give deinterlace first=top" in facts["to_review"]
    assert made(clip, "top")[1]["to_review"] == ""
    with pytest.raises(StageError, match="first must be top or bottom"):
        STAGE.parse({"first": "left"})


def test_the_order_that_the_file_names_is_taken_unless_another_is_given() -> None:
    assert STAGE.for_film({}, "bottom first") == {"first": "bottom"}
    assert STAGE.for_film({"first": "top"}, "bottom first") == {"first": "top"}
    assert STAGE.for_film({}, "unknown") == {} == STAGE.for_film({}, "progressive")
    assert UPSCALE.for_film({}, "bottom first") == {}


def test_stages_that_want_whole_frames_may_follow_it_and_it_comes_first() -> None:
    deflicker = find_stage("deflicker")
    require_frames([STAGE, deflicker, UPSCALE], "top first")
    require_frames([UPSCALE], "unknown", on_take=True, whole=True)
    require_frames([STAGE], "progressive")
    with pytest.raises(StageError, match="--stage deinterlace,upscale"):
        require_frames([deflicker, UPSCALE], "top first")
    with pytest.raises(StageError, match="the order is unknown"):
        require_frames([UPSCALE], "unknown", on_take=True)
    for chain, on_take in (([deflicker, STAGE], False), ([STAGE], True)):
        with pytest.raises(StageError, match="name it first"):
            require_frames(chain, "top first", on_take=on_take)


@pytest.mark.slow
def test_the_command_line_makes_interlaced_film_whole_and_enlarges_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan, out, labels = (tmp_path / name for name in ("scan.mkv", "out.mkv", "map.mkv"))
    clip = film("yuv420p")
    with av.open(str(scan), "w") as container:
        stream = container.add_stream("ffv1", rate=25, options={"level": "3"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.field_order = 2  # AV_FIELD_TT
        for picture in clip.pictures:
            planes = np.concatenate([plane.reshape(-1) for plane in picture.planes])
            frame = av.VideoFrame.from_ndarray(planes.reshape(-1, WIDTH), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    asked = ["restore", str(scan), str(out), "--cuts", "none", "--map", str(labels), "--stage"]
    assert main([*asked, "upscale"]) == 2
    assert "--stage deinterlace,upscale" in capsys.readouterr().err
    assert main([*asked, "deinterlace"]) == 0
    with open_source(out) as whole:
        pictures = list(whole.frames())
    expected, _ = made(clip)
    maps = list(MapReader(labels).frames(0, FRAMES))
    for picture, found, one in zip(pictures, maps, expected, strict=True):
        assert (picture.planes[0] == one.picture.planes[0]).all()
        assert (found.structure == one.structure).all()
    assert main([*asked, "deinterlace,upscale", "--force", "--params", "engine=resample"]) == 0
    with open_source(out) as whole:
        assert (whole.format.width, len(whole)) == (2 * WIDTH, FRAMES)
