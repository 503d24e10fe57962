"""The map names the hint that each colour came from, and no number that means nothing passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from archive.fixity import sha256_file
from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture
from restoration.execution import Order, TakeFiles, execute
from restoration.guides import check_guides, read_guides
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import (
    FrameMap,
    Guidance,
    Label,
    ProvenanceError,
    Sources,
    check_frame,
    compose,
    identity_map,
)
from restoration.provenance.composition import change_by_hand
from restoration.provenance.enlarging import enlarge_map
from restoration.stages import COLOURISE
from restoration.stages.contract import Outcome, Stage, StageError, StageFrame
from tests.restoration.stages.films import clip_of, moving
from tests.restoration.stages.films import run_stage as run_in_memory
from tests.restoration.takes import Params, only

RGB = PIXEL_FORMATS["gbrp"]
COAT = {"id": "coat", "frame": 1, "y": 30, "x": 30, "height": 8, "width": 8,
        "rgb": [150, 70, 60], "by": "ada"}  # fmt: skip
SKY = COAT | {"id": "sky", "y": 90, "x": 120, "rgb": [80, 90, 160]}
SHAPE = (6, 8)


def coloured(hint: int = 1, doubt: int = 64) -> FrameMap:
    """A frame whose colour came from one hint."""
    return FrameMap(
        np.full(SHAPE, Label.ADJUSTED.value, np.uint8),
        np.full(SHAPE, Label.SYNTHESISED.value, np.uint8),
        guidance=Guidance(np.full(SHAPE, hint, np.uint16), np.full(SHAPE, doubt, np.uint8)),
    )


@pytest.fixture(scope="module")
def sound_take(tmp_path_factory: pytest.TempPathFactory) -> TakeFiles:
    folder = tmp_path_factory.mktemp("guided")
    clip = clip_of(moving(3))
    with PictureWriter(folder / "scan.mkv", clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)
    execute(order(folder, "colourise", params={"hints": [COAT, SKY]}), lambda done, total: None)
    return TakeFiles(folder / "colourise")


def order(folder: Path, stage: str, **more: object) -> Order:
    scan = folder / "scan.mkv"
    place = {"start_frame": 0, "end_frame": 3, "out_folder": folder / stage}
    return Order(scan_path=scan, scan_sha256=sha256_file(scan), stage=stage, **place, **more)


@pytest.fixture
def take(sound_take: TakeFiles, tmp_path: Path) -> TakeFiles:
    """A copy that a test may tamper with."""
    shutil.copytree(sound_take.folder.parent, tmp_path / "film")
    return TakeFiles(tmp_path / "film" / "colourise")


def rewrite(take: TakeFiles, change) -> None:
    maps = list(MapReader(take.map).frames())
    take.map.unlink()
    height, width = maps[0].structure.shape
    with MapWriter(take.map, width=width, height=height, rate=Fraction(18)) as writer:
        for frame_map in maps:
            writer.write(change(frame_map))


def test_every_colour_names_its_hint_and_what_was_painted_names_its_own(take: TakeFiles) -> None:
    guides = read_guides(take.facts)
    assert [(each["number"], each["id"], each["by"]) for each in guides] == [
        (1, "coat", "ada"), (2, "sky", "ada")]  # fmt: skip
    assert {key: guides[1][key] for key in ("frame", "y", "x", "rgb")} == {
        "frame": 1, "y": 90, "x": 120, "rgb": [80, 90, 160]}  # fmt: skip
    for number, frame_map in enumerate(MapReader(take.map).frames()):
        assert frame_map.guidance is not None
        hint, doubt = frame_map.guidance.hint, frame_map.guidance.doubt
        assert set(np.unique(hint)) <= {1, 2} and (frame_map.colour >= Label.HUMAN.value).all()
        assert hint[34, 34] == 1 and hint[94, 124] == 2  # the camera pans by little
        assert doubt[34, 34] < 128 < doubt.max()
        if number == 1:
            assert (hint[30:38, 30:38] == 1).all() and (doubt[30:38, 30:38] == 0).all()
    assert check_guides(take.map, guides) == []


def test_a_guess_of_the_network_names_no_hint() -> None:
    made, _ = run_in_memory(COLOURISE, clip_of(moving(1)), hints=[], engine="network")
    assert made[0].guidance is not None and not made[0].guidance.hint.any()
    assert made[0].guidance.doubt.mean() > 64


def test_a_number_that_no_hint_has_is_refused(take: TakeFiles) -> None:
    def strange(frame_map: FrameMap) -> FrameMap:
        assert frame_map.guidance is not None
        hint = frame_map.guidance.hint.copy()
        hint[2, 3] = 3
        return replace(frame_map, guidance=Guidance(hint, frame_map.guidance.doubt))

    rewrite(take, strange)
    found = check_guides(take.map, read_guides(take.facts))
    assert len(found) == 3 and "3 of 2 at y 2, x 3" in found[0]


def test_a_stage_that_names_a_hint_without_a_table_publishes_nothing(
    sound_take: TakeFiles, tmp_path: Path
) -> None:
    shutil.copy(sound_take.folder.parent / "scan.mkv", tmp_path / "scan.mkv")

    def run(clip, params, progress) -> Outcome:
        def stream() -> Iterator[StageFrame]:
            for number in range(clip.start_frame, clip.end_frame):
                (grey,) = only(clip, number).planes
                labels = np.full(grey.shape, Label.ADJUSTED.value, np.uint8)
                hint = np.full(grey.shape, 7, np.uint16)
                yield StageFrame(
                    Picture(RGB, (grey,) * 3), labels, labels + np.uint8(3),
                    guidance=Guidance(hint, np.zeros_like(labels)))  # fmt: skip

        return Outcome(frames=stream())

    stage = Stage("dye", "1", "cpu", "pictures", Params, run)
    with pytest.raises(ProvenanceError, match="7 of 0"):
        execute(order(tmp_path, "dye"), lambda done, total: None, stage=stage)
    assert not TakeFiles(tmp_path / "dye").manifest.exists()


@pytest.mark.parametrize("part", ["map", "table"])
def test_numbers_or_names_that_were_changed_or_stripped_are_found_by_digest(
    take: TakeFiles, part: str
) -> None:
    if part == "map":
        rewrite(take, lambda frame_map: FrameMap(frame_map.structure, frame_map.colour))
        assert check_guides(take.map, read_guides(take.facts)) != []
    else:
        facts = json.loads(take.facts.read_text())
        facts["guides"][0]["by"] = "somebody else"
        take.facts.write_text(json.dumps(facts))
    after = order(take.folder.parent, "deflicker", input_folder=take.folder)
    with pytest.raises(StageError, match="altered or damaged"):
        execute(after, lambda done, total: None)


def test_a_later_stage_carries_the_numbers_and_their_table_on(take: TakeFiles) -> None:
    darker = {"id": "1", "slope": [0.8, 0.8, 0.8], "by": "ada"}
    after = order(take.folder.parent, "grade", input_folder=take.folder,
                  params={"corrections": [darker]})  # fmt: skip
    execute(after, lambda done, total: None)
    later = TakeFiles(take.folder.parent / "grade")
    assert read_guides(later.facts) == read_guides(take.facts)
    pairs = zip(MapReader(take.map).frames(), MapReader(later.map).frames(), strict=True)
    for before, now in pairs:
        assert before.guidance is not None and now.guidance is not None
        assert np.array_equal(before.guidance.hint, now.guidance.hint)
        assert np.array_equal(before.guidance.doubt, now.guidance.doubt)


def test_a_copy_names_the_hint_of_its_source_and_a_filled_pixel_names_none() -> None:
    inputs = {0: coloured(1), 1: coloured(2, doubt=32)}
    labels = np.zeros(SHAPE, np.uint8)
    offset = np.zeros(SHAPE, np.int8)
    labels[1, 1], offset[1, 1] = Label.RECOVERED.value, 1
    labels[2, 2] = Label.SYNTHESISED.value
    nowhere = np.zeros(SHAPE, np.int16)
    operation = FrameMap(labels, labels.copy(), Sources(offset, nowhere, nowhere))
    made = compose(operation, inputs.__getitem__, RGB)
    assert made.guidance is not None
    hint, doubt = made.guidance.hint, made.guidance.doubt
    assert (hint[0, 0], hint[1, 1], hint[2, 2]) == (1, 2, 0)
    assert (doubt[0, 0], doubt[1, 1], doubt[2, 2]) == (64, 32, 255)


def test_a_person_who_changes_a_made_up_colour_has_not_become_its_hint() -> None:
    held = coloured(1)
    labels = np.full(SHAPE, Label.HUMAN.value, np.uint8)
    operation = FrameMap(np.full(SHAPE, Label.ADJUSTED.value, np.uint8), labels)
    made = change_by_hand(compose(operation, lambda offset: held, RGB), held)
    assert made.guidance is held.guidance and (made.colour == Label.SYNTHESISED).all()


def test_a_picture_that_grew_keeps_the_hints_of_its_pixels() -> None:
    held = coloured(1)
    assert held.guidance is not None
    held.guidance.hint[:, 4:] = 2
    grown = enlarge_map(held, 12, 16, RGB)
    assert grown.guidance is not None
    assert (grown.guidance.hint[:, :8] == 1).all() and (grown.guidance.hint[:, 8:] == 2).all()
    assert (grown.guidance.doubt == 64).all()


def test_a_pixel_to_which_no_colour_was_added_cannot_name_a_hint() -> None:
    grey = Picture(RGB, tuple(np.full(SHAPE, 90, np.uint8) for _ in range(3)))
    claimed = identity_map(*SHAPE)
    named = Guidance(np.ones(SHAPE, np.uint16), np.zeros(SHAPE, np.uint8))
    wrong = FrameMap(claimed.structure, claimed.colour, guidance=named)
    assert any("no colour was added" in each for each in check_frame(grey, grey, wrong))
    assert check_frame(grey, grey, claimed) == []


def test_maps_with_and_without_hints_are_joined_as_they_are_stored(tmp_path: Path) -> None:
    parts = [[identity_map(*SHAPE)] * 2, [coloured(300), coloured(2)], [identity_map(*SHAPE)]]
    joined = MapWriter(tmp_path / "all.mkv", width=8, height=6, rate=Fraction(18))
    with joined:
        for number, part in enumerate(parts):
            path = tmp_path / f"{number}.mkv"
            with MapWriter(path, width=8, height=6, rate=Fraction(18)) as writer:
                for frame_map in part:
                    writer.write(frame_map)
            assert joined.copy(path, writer.totals)
    found = [frame_map.guidance for frame_map in MapReader(joined.path).frames()]
    assert [int(each.hint[0, 0]) if each and each.hint.any() else 0 for each in found] == [
        0, 0, 300, 2, 0]  # fmt: skip
    with av.open(str(joined.path)) as container:
        assert [each.format.name for each in container.streams.video] == [
            "gray", "gray16le", "gray"]  # fmt: skip
