"""Rectangles around what was made: few, tight, and none of it left out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.mapfile import MapWriter
from restoration.provenance import FrameMap, Label, Sources
from review.areas import Box, boxes
from review.claim import MOST_REGIONS, Places, make_claim
from review.credentials import TRUSTED, read
from review.deliverables import build_deliverable
from review.formats.areas import MOST_IN_STRETCH, areas_of
from review.formats.edition import COPIED, MACHINE, Cue, Edition
from review.signing import trusted
from tests import factories
from tests.review.approved_reel import approve_all, current_scan, make_real_take, make_scanned_reel
from tests.review.formats.editions import make_edition
from tests.review.labelled_takes import CLEAN, SIZE, labelling


def test_each_part_has_its_own_box_where_there_are_few() -> None:
    mask = np.zeros((40, 60), np.bool_)
    mask[3:7, 5:9] = mask[20:22, 50:60] = True
    assert boxes(mask, most=4) == (Box(3, 5, 7, 9), Box(20, 50, 22, 60))
    assert boxes(mask, most=1) == (Box(3, 5, 22, 60),)
    assert boxes(np.zeros((4, 4), np.bool_), most=4) == ()


def test_the_two_that_add_least_are_merged() -> None:
    mask = np.zeros((40, 60), np.bool_)
    mask[0, 0] = mask[0, 3] = mask[39, 59] = True
    assert boxes(mask, most=2) == (Box(0, 0, 1, 4), Box(39, 59, 40, 60))


def test_parts_that_lie_near_each_other_are_one_and_stay_tight() -> None:
    mask = np.zeros((64, 64), np.bool_)
    mask[5, 6] = mask[9, 12] = mask[50, 61] = True
    assert boxes(mask, most=4, near=16) == (Box(5, 6, 10, 13), Box(50, 61, 51, 62))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    most=st.integers(1, 6),
    near=st.sampled_from((1, 4, 16)),
    share=st.sampled_from((0.0, 0.002, 0.05, 0.5, 1.0)),
)
def test_no_pixel_is_left_out_and_none_is_boxed_for_nothing(
    seed: int, most: int, near: int, share: float
) -> None:
    mask = np.random.default_rng(seed).random((37, 53)) < share
    found = boxes(mask, most=most, near=near)
    assert len(found) <= most
    covered = np.zeros_like(mask)
    for box in found:
        within = mask[box.top : box.bottom, box.left : box.right]
        edges = (within[0], within[-1], within[:, 0], within[:, -1])
        assert all(edge.any() for edge in edges), "tight on all four sides"
        covered[box.top : box.bottom, box.left : box.right] = True
    assert not (mask & ~covered).any()


def with_cues(*cues: Cue) -> Edition:
    edition = make_edition(Fraction(24))
    return replace(edition, scenes=(replace(edition.scenes[0], cues=cues), edition.scenes[1]))


def repair(edition: Edition, places: Places) -> dict[str, Any]:
    claim = make_claim(edition, name="f", format="video/mp4", digests={}, when="2026-01-01",
                       version="1", transcoded=False, places=places)  # fmt: skip
    actions = claim["assertions"][0]["data"]["actions"]
    return next(each for each in actions if each.get("softwareAgent", {}).get("name") ==
                "Reelproof repair")  # fmt: skip


MADE = Cue(3, 6, 2, "structure", MACHINE, 0.2, 0.1, "repair", 1, "4", ("net (abc)",), {})
KEY = (3, 6, "structure", MACHINE)
AREA = {"type": "spatial", "shape": {"type": "rectangle", "unit": "pixel", "origin":
        {"x": 2, "y": 1}, "width": 3, "height": 4, "inside": True}}  # fmt: skip


def test_a_stretch_names_its_frames_and_each_area() -> None:
    span = {"type": "frame", "frame": {"start": 3, "end": 5}}
    places = Places({KEY: (Box(1, 2, 5, 5), Box(9, 9, 10, 10))})
    regions = [each["region"] for each in repair(with_cues(MADE), places)["changes"]]
    assert regions[0] == [span, AREA]
    assert len(regions) == 2 and regions[1][0] == span
    without = repair(with_cues(MADE), Places())["changes"]
    assert [each["region"] for each in without] == [[span]]


def test_a_still_names_the_areas_of_its_frame_alone() -> None:
    other = replace(MADE, start_frame=9, end_frame=12)
    places = Places({KEY: (Box(1, 2, 5, 5),)}, frame=4)
    changes = repair(with_cues(MADE, other), places)["changes"]
    assert [each["region"] for each in changes] == [[AREA]]
    nothing = repair(with_cues(MADE, other), Places({KEY: ()}, frame=4))
    assert "changes" not in nothing
    assert nothing["digitalSourceType"].endswith("/algorithmicallyEnhanced")


@pytest.mark.django_db
def test_the_delivered_files_name_the_areas_of_their_maps(
    tmp_path: Path, archivist: User, settings: Any
) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"
    reel = make_scanned_reel(tmp_path, frames=4, width=SIZE, height=SIZE, pixel="yuv420p")
    scene = factories.make_scene(scan=current_scan(reel), frames=(0, 4))
    wanted = [CLEAN, (Label.SYNTHESISED, Label.ADJUSTED), CLEAN, CLEAN]
    make_real_take(scene, by=labelling(wanted, start=0))
    approve_all([scene], by=archivist)
    regions = {}
    for format in ("mp4", "stills"):
        made = build_deliverable(
            reel, format=format, use="exhibition", to=tmp_path / "out", by=None
        )
        found = read(Path(made.files[0]["path"]), trusted=trusted())
        assert found.state == TRUSTED
        regions[format] = [
            part for each in found.actions for change in each.get("changes", ())
            for part in change["region"]
        ]  # fmt: skip
    block = {"type": "rectangle", "unit": "pixel", "origin": {"x": 4, "y": 4}, "width": 4,
             "height": 4, "inside": True}  # fmt: skip
    area = {"type": "spatial", "shape": block}
    assert regions["mp4"] == [{"type": "frame", "frame": {"start": 1, "end": 1}}, area]
    assert regions["stills"] == [area]


def test_a_stretch_has_few_boxes_whatever_was_repaired(tmp_path: Path) -> None:
    edition = make_edition(Fraction(24), cuts=(0, 3))
    path, rng = tmp_path / "map.mkv", np.random.default_rng(3)
    shape = (edition.form.height, edition.form.width)
    with MapWriter(path, width=shape[1], height=shape[0], rate=Fraction(24)) as maps:
        for _ in range(3):
            specks = (rng.random(shape) < 0.02).astype(np.uint8)
            offsets = specks.astype(np.int8)
            still = np.zeros(shape, np.int16)
            maps.write(
                FrameMap(specks * np.uint8(Label.RECOVERED.value), np.zeros(shape, np.uint8),
                         Sources(offsets, still, still))
            )  # fmt: skip
    cue = Cue(0, 3, 3, "structure", COPIED, 0.1, 0.1, "repair", 1, "4", (), {})
    (scene,) = edition.scenes
    take = replace(scene.take, provenance=path)
    found = areas_of(replace(edition, scenes=(replace(scene, take=take, cues=(cue,)),)),
                     most=MOST_REGIONS)  # fmt: skip
    assert 1 <= len(found[0, 3, "structure", COPIED]) <= MOST_IN_STRETCH
