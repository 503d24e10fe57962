"""The view of a take says of each frame what the take's own map says."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.tables import make_table
from restoration import frame_pictures, viewing
from restoration.mapfile import MapReader
from restoration.models import Take
from restoration.provenance import FrameMap, Label, pack
from restoration.storage import storage
from tests import factories
from tests.e2e.conftest import flickering_and_torn
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """A repair take of frames 4 to 15 with adjusted and recovered pixels."""
    name = f"viewed {factories.unique_digest()[:8]}"
    reel = make_scanned_reel(tmp_path, name=name, frames=20, rate=18, paint=flickering_and_torn)
    scene = factories.make_scene(scan=current_scan(reel), frames=(4, 16))
    first = make_real_take(scene)
    return make_real_take(scene, stage="repair", after=first)


def test_the_labels_are_those_of_the_map(take):
    view = viewing.make_view(take)
    index = json.loads(view.index.read_text())
    maps = list(MapReader(storage().folder(take.storage_key) / "map.mkv").frames())
    assert (index["start"], index["frames"]) == (4, 12)
    kept = view.labels.read_bytes()
    pixels = index["width"] * index["height"]
    for number, frame_map in enumerate(maps):
        start, end = index["offsets"][number : number + 2]
        planes = np.frombuffer(zlib.decompress(kept[start:end]), np.uint8)
        assert np.array_equal(planes[:pixels].reshape(frame_map.structure.shape), pack(frame_map))
        if frame_map.sources is not None:
            offsets = planes[pixels:].view(np.int8).reshape(frame_map.structure.shape)
            assert np.array_equal(offsets, frame_map.sources.offset)
    totals = np.sum(index["structure"], axis=0)
    for label in Label:
        assert totals[label] == take.totals["structure"].get(label.name, 0)


def test_the_proxy_has_the_takes_frames_and_rate(take):
    table = make_table(viewing.make_view(take).proxy)
    assert (len(table), table.rate) == (12, take.scan.rate)


def test_it_is_made_once_and_again_after_it_was_removed(take):
    view = viewing.make_view(take)
    made = view.proxy.stat().st_mtime_ns
    assert viewing.make_view(take).proxy.stat().st_mtime_ns == made
    viewing.remove_view(take)
    assert not view.is_ready()
    assert viewing.make_view(take).is_ready()


def test_what_went_wrong_is_kept_for_the_page_and_nothing_half_made(take):
    picture = storage().folder(take.storage_key) / "picture.mkv"
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(Exception, match="picture"):
        viewing.make_view(take)
    view = viewing.view_of(take)
    assert not view.is_ready()
    assert view.fault.read_text()
    assert not list(view.folder.parent.glob(f"{take.digest}.[0-9]*"))
    picture.write_bytes(whole)
    assert viewing.make_view(take).is_ready()
    assert not view.fault.exists()


def test_a_maker_that_was_killed_leaves_nothing_and_holds_nobody_up(take):
    view = viewing.view_of(take)
    left = view.folder.with_suffix(".999999")
    left.mkdir(parents=True)
    view.progress.write_text("3 24")
    assert viewing.standing(view, lambda: None)[0] == "making"
    os.utime(view.progress, (0, 0))
    asked = []
    assert viewing.standing(view, lambda: asked.append(1))[0] == "waiting" and asked
    viewing.make_view(take)
    assert view.is_ready() and not left.exists() and not view.progress.exists()


def test_a_frame_of_the_take_is_exact(take):
    picture = cv2.imdecode(
        np.frombuffer(frame_pictures.take_frame(take, 9), np.uint8), cv2.IMREAD_GRAYSCALE
    )
    with open_source(storage().folder(take.storage_key) / "picture.mkv") as source:
        assert np.array_equal(picture, source.picture(9 - 4).planes[0])


def test_the_map_leaves_original_pixels_as_they_are():
    picture = np.full((16, 16, 3), 90, np.uint8)
    structure = np.zeros((16, 16), np.uint8)
    structure[:8] = Label.SYNTHESISED
    painted = frame_pictures.painted(
        picture, FrameMap(structure=structure, colour=structure, sources=None), plane="structure"
    )
    assert np.array_equal(painted[8:], picture[8:])
    assert len(np.unique(painted[:8].reshape(-1, 3), axis=0)) == 2, "no pattern of two inks"
