"""A take larger than its scan: written, read back, worked on further, and joined to a film."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS
from restoration.__main__ import main
from restoration.execution import ProvenanceError, TakeFiles
from restoration.mapfile import MapReader
from restoration.provenance import (
    FrameMap,
    Label,
    Sources,
    check_frame,
    enlarge_map,
    identity_map,
    uniform_map,
)
from restoration.stages.contract import Clip, StageError, StageFrame
from restoration.stages.upscale.stage import STAGE
from restoration.verification import verify_take
from tests.restoration.stages.upscale.clips import HEIGHT, WIDTH, small_clip, worst_db
from tests.restoration.takes import PATCH, Params, only, run_stage, small_stage

FRAMES = 12


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clip = small_clip("yuv420p", frames=FRAMES)
    path = tmp_path_factory.mktemp("scan") / "scan.mkv"
    with PictureWriter(path, clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)
    return path


def test_a_take_on_a_repair_is_as_large_as_its_map_and_heat(scan: Path, tmp_path: Path) -> None:
    first = run_stage(scan, PATCH, tmp_path / "1")
    made = run_stage(
        scan,
        STAGE,
        tmp_path / "2",
        params={"scale": 2, "engine": "resample"},
        input_folder=tmp_path / "1",
        input_digest=first.digest,
    )
    files = TakeFiles(tmp_path / "2")
    with open_source(scan) as source, open_source(files.picture) as pictures:
        assert (pictures.format.width, pictures.format.height) == (2 * WIDTH, 2 * HEIGHT)
        assert verify_take(source, files.picture, files.map, 2) == []
    with open_source(files.heat) as heat:
        assert (heat.format.width, heat.format.height, len(heat)) == (2 * WIDTH, 2 * HEIGHT, 8)
    assert set(made.manifest["files"]) >= {"heat.mkv", "picture.mkv", "map.mkv"}
    assert made.manifest["facts"]["consistency_db"] >= 50
    # What was made up before is made up still, and more of it: every pixel that took it in.
    assert first.totals["structure"]["SYNTHESISED"] == 16
    assert made.totals["structure"]["SYNTHESISED"] > 4 * 16
    assert made.totals["structure"].get("ORIGINAL", 0) == 0


def test_a_stage_that_claims_a_faithful_enlargement_and_made_none_is_refused(
    scan: Path, tmp_path: Path
) -> None:
    def brighter(clip: Clip, number: int, params: Params) -> StageFrame:
        picture = only(clip, number)
        planes = tuple(
            np.minimum(plane.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns], 250) + 5
            for plane, (rows, columns) in zip(
                picture.planes,
                picture.pixel.plane_shapes(width=2 * WIDTH, height=2 * HEIGHT),
                strict=True,
            )
        )
        labels = uniform_map(2 * HEIGHT, 2 * WIDTH, structure=Label.ADJUSTED, colour=Label.ADJUSTED)
        made = type(picture)(picture.pixel, planes)
        return StageFrame(made, labels.structure, labels.colour)

    with pytest.raises(ProvenanceError, match="not given back when the picture is shrunk"):
        run_stage(scan, small_stage("larger", brighter), tmp_path / "take")


def test_labels_reach_every_pixel_that_carries_them_and_sources_grow_with_the_picture() -> None:
    pixel = PIXEL_FORMATS["yuv420p"]
    held = identity_map(20, 30)
    held.structure[10, 15] = Label.SYNTHESISED.value
    held.colour[4:6, 6:8] = Label.NOT_MEASURED.value
    held.structure[2, 3] = Label.RECOVERED.value
    shift = np.zeros((20, 30), np.int16)
    offset, dx = shift.astype(np.int8), shift.copy()
    offset[2, 3], dx[2, 3] = -2, 5
    grown = enlarge_map(FrameMap(held.structure, held.colour, Sources(offset, shift, dx)),
                        60, 90, pixel)  # fmt: skip
    rows, columns = np.nonzero(grown.structure == Label.SYNTHESISED.value)
    assert rows.min() < 30 <= rows.max() and columns.min() < 45 <= columns.max()
    assert len(rows) > 9 * 16
    assert grown.structure.shape == grown.colour.shape == (60, 90)
    assert (grown.colour == Label.NOT_MEASURED.value).sum() >= 9 * 4
    assert grown.sources is not None
    assert (grown.sources.offset[6:9, 9:12] == -2).all() and (
        grown.sources.dx[6:9, 9:12] == 15
    ).all()
    assert np.count_nonzero(grown.sources.offset) == 9


def test_an_odd_picture_with_chroma_keeps_labels_whole_over_each_sample() -> None:
    pixel = PIXEL_FORMATS["yuv420p"]
    clip = small_clip("yuv420p", frames=1)
    held = identity_map(HEIGHT, WIDTH)
    held.colour[10:12, 20:22] = Label.SYNTHESISED.value
    grown = enlarge_map(held, 3 * HEIGHT, 3 * WIDTH, pixel)
    adjusted = FrameMap(np.maximum(grown.structure, 1), np.maximum(grown.colour, 1))
    large = type(clip.pictures[0])(
        pixel,
        tuple(
            np.zeros(shape, np.uint8)
            for shape in pixel.plane_shapes(width=3 * WIDTH, height=3 * HEIGHT)
        ),
    )
    assert check_frame(clip.pictures[0], large, adjusted) == []


def test_the_command_line_writes_film_map_and_heat_of_one_size(
    scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, labels, heat = (tmp_path / name for name in ("out.mkv", "map.mkv", "heat.mkv"))
    asked = ["restore", str(scan), str(out), "--stage", "upscale", "--cuts", "none", "--json"]
    asked += ["--map", str(labels), "--heat", str(heat), "--params", "scale=2", "engine=resample"]
    assert main(asked) == 0
    document = json.loads(capsys.readouterr().out)
    assert {Path(file["path"]).name for file in document["files"]} == {
        "out.mkv", "map.mkv", "heat.mkv",
    }  # fmt: skip
    with open_source(out) as film, open_source(heat) as hot, open_source(scan) as source:
        assert film.format.width == hot.format.width == MapReader(labels).width == 2 * WIDTH
        assert len(film) == len(hot) == len(MapReader(labels)) == FRAMES
        for large, small in zip(film.frames(), source.frames(), strict=True):
            assert worst_db(large, small) >= 50


@pytest.mark.parametrize(
    ("stage", "heat", "words"),
    [("deflicker", "heat.mkv", "name upscale last"), ("upscale", "heat.png", "heat is Matroska")],
)
def test_heat_that_cannot_be_had_is_refused_before_the_work(
    scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str, heat: str,
    words: str,
) -> None:  # fmt: skip
    asked = ["restore", str(scan), str(tmp_path / "out.mkv"), "--stage", stage]
    assert main([*asked, "--heat", str(tmp_path / heat)]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_interlaced_film_is_refused_with_advice() -> None:
    STAGE.require_frames("progressive")
    with pytest.raises(StageError, match=r"interlaced \(top first\).*--stage deinterlace,upscale"):
        STAGE.require_frames("top first")
