"""Where a person asks for a neighbour nothing is made up, if any neighbour shows the place."""

from __future__ import annotations

import numpy as np
import pytest

from archive.media.pixels import Picture
from restoration.provenance import FrameMap, Label, check_frame, check_sources
from restoration.stages import REPAIR
from restoration.stages.contract import StageError
from restoration.stages.repair.asking import asked_of, choose_asked
from restoration.stages.repair.choosing import NONE, Neighbour
from restoration.stages.repair.fill import Filled, fill_defects
from restoration.stages.repair.parts import places_of
from restoration.stages.repair.regions import Region
from restoration.stages.repair.views import Motion, make_view
from tests.restoration.stages.films import (
    HEIGHT,
    WIDTH,
    blot,
    clip_of,
    moving,
    picture_of,
    problems,
    run_stage,
)

CELLS = (HEIGHT // 4, WIDTH // 4)
SHAPE = (HEIGHT, WIDTH)
HOLE = (slice(50, 62), slice(70, 84))
AT = 3


def neighbour_at(offset: int, *, lighter: int = 0, damaged: np.ndarray | None = None) -> Neighbour:
    """The same scene `offset` frames away, without motion, so much lighter that no ring fits."""
    scan = picture_of(moving(1)[0])
    codes = np.clip(scan.planes[0].astype(int) + lighter, 0, 255).astype(np.uint8)
    view = make_view(AT + offset, Picture(scan.pixel, (codes,)))
    still = Motion(offset, np.zeros((*CELLS, 2), np.float32), view.codes,
                   np.zeros(CELLS, np.float32), np.zeros(CELLS, bool))  # fmt: skip
    return Neighbour(view, still, np.zeros(SHAPE, bool) if damaged is None else damaged)


def drawn() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[HOLE] = True
    return mask


def fill(neighbours: list[Neighbour], asked: np.ndarray | None) -> Filled:
    scan = picture_of(moving(1)[0])
    codes = scan.planes[0].copy()
    codes[HOLE] = 255
    here = Picture(scan.pixel, (codes,))
    made = fill_defects(make_view(AT, here), drawn(), neighbours, asked=asked)
    labels = FrameMap(made.structure, made.colour, made.sources)
    pictures = {each.motion.offset: each.view.picture for each in neighbours}
    assert check_frame(here, made.picture, labels, frame=AT) == []
    assert check_sources(made.picture, labels, pictures.__getitem__) == []
    return made


def test_a_neighbour_that_fits_badly_is_copied_only_if_a_person_asks() -> None:
    other = neighbour_at(1, lighter=60)
    unasked, asked = fill([other], None), fill([other], drawn())
    assert (unasked.structure[HOLE] == Label.SYNTHESISED).all()
    assert (asked.structure[HOLE] == Label.RECOVERED).all()
    assert (asked.sources.offset[HOLE] == 1).all()
    assert len(np.unique(asked.sources.dy[HOLE])) == 1, "one defect, one place that it comes from"


def test_of_two_that_fit_badly_the_better_one_is_taken() -> None:
    made = fill([neighbour_at(-1, lighter=90), neighbour_at(1, lighter=60)], drawn())
    assert (made.sources.offset[HOLE] == 1).all()


@pytest.mark.parametrize("around", ["nobody", "all damaged"])
def test_where_no_neighbour_shows_the_place_it_stays_as_it_was(around: str) -> None:
    spoiled = np.ones(SHAPE, bool)
    beside = [] if around == "nobody" else [neighbour_at(-1, damaged=spoiled)]
    unasked, asked = fill(beside, None), fill(beside, drawn())
    assert (asked.structure[HOLE] == Label.SYNTHESISED).all()
    assert unasked.picture.same_codes(asked.picture)


def test_a_neighbour_damaged_in_part_gives_what_it_shows() -> None:
    dust = np.zeros(SHAPE, bool)
    dust[54:, :] = True
    made = fill([neighbour_at(1, lighter=60, damaged=dust)], drawn())
    given = made.structure[HOLE] == Label.RECOVERED
    assert 0.2 < given.mean() < 0.9
    rows = np.arange(HEIGHT)[:, None] + made.sources.dy
    assert (rows[HOLE][given] < 54).all()


def test_deep_in_a_large_defect_the_motion_around_it_decides() -> None:
    asked = np.zeros(SHAPE, bool)
    asked[4:116, 20:140] = True
    luma = make_view(AT, picture_of(moving(1)[0])).full
    labels, pieces = choose_asked(luma, asked, asked, [neighbour_at(1, lighter=60)])
    assert len(places_of((labels != 0).view(np.uint8))) == asked.sum()
    assert len(pieces.boxes) > 20 and (pieces.sources[:, 0] != NONE).all()


def test_what_touches_the_request_by_half_is_asked_for_as_a_whole() -> None:
    pixel = picture_of(moving(1)[0]).pixel
    unknown, request = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    unknown[10:20, 10:20] = unknown[60:90, 60:90] = True
    request[10:20, 10:16] = request[60:65, 60:65] = True
    asked = asked_of(unknown, request, pixel)
    assert asked[10:20, 10:20].all()
    assert asked[60:65, 60:65].all() and asked.sum() == 100 + 25


@pytest.fixture(scope="module")
def torn() -> list:
    """A blotch so large that its middle has no ring to fit a neighbour by."""
    lights = moving(7)
    lights[AT] = blot(lights[AT], 60, 80, 34, 1.0)
    return lights


@pytest.mark.parametrize("name", ["gray", pytest.param("yuv420p", marks=pytest.mark.slow)])
def test_a_run_obeys_and_tells_from_where(torn: list, name: str) -> None:
    box = [[40, 20], [120, 20], [120, 100], [40, 100]]
    request = Region.parse({"frames": [AT, AT + 1], "polygon": box}).as_json()
    clip = clip_of(torn, name)
    before, _ = run_stage(REPAIR, clip, largest=100.0)
    made, facts = run_stage(REPAIR, clip, largest=100.0, neighbour=[request])
    assert (before[AT].structure == Label.SYNTHESISED).sum() > 500
    assert not (made[AT].structure == Label.SYNTHESISED).any()
    assert problems(clip, made) == []
    (told,) = facts["asked"]
    assert told["frame"] == AT and told["recovered"] > 2000 and told["synthesised"] == 0
    assert set(told["from"]) <= {AT - 2, AT - 1, AT + 1, AT + 2} and told["why"] == ""


def test_a_request_that_cannot_be_met_is_told_with_the_reason(torn: list) -> None:
    box = [[40, 20], [120, 20], [120, 100], [40, 100]]
    requests = [{"frames": [AT, AT + 1], "polygon": box}, {"frames": [5, 6], "polygon": box}]
    _, facts = run_stage(REPAIR, clip_of(torn), largest=100.0, neighbour=requests[1:])
    assert facts["asked"][0]["why"] == "nothing was repaired there this time"
    with pytest.raises(StageError, match="neighbour: a region is"):
        REPAIR.parse({"neighbour": [{"frames": [1, 2]}]})
