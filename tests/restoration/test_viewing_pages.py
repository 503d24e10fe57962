"""What the player fetches: ranges of files, exact frames, and how far a viewing copy is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from django.urls import reverse

from archive import derived
from archive.models import Reel
from restoration import viewing
from restoration.inventions import plane_of, why_none
from restoration.models import Take
from restoration.provenance import Label
from tests import factories
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel
from tests.review.labelled_takes import BLOCK, CLEAN, SIZE, labelling

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(tmp_path: Path) -> Take:
    name = f"fetched {factories.unique_digest()[:8]}"
    reel = make_scanned_reel(tmp_path, name=name, frames=12, width=64, height=48)
    scene = factories.make_scene(scan=current_scan(reel), frames=(2, 10))
    return make_real_take(scene)


@pytest.fixture
def browser(client, reviewer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(reviewer)
    return client


def test_a_view_waits_then_is_ready_then_is_served_in_ranges(browser, take):
    state = browser.get(reverse("take-viewing", args=[take.pk])).json()
    assert state["state"] == "waiting"
    assert "cpu queue" in state["words"]
    viewing.make_view(take)
    assert browser.get(reverse("take-viewing", args=[take.pk])).json()["state"] == "ready"
    part = browser.get(reverse("take-proxy", args=[take.pk]), headers={"Range": "bytes=4-7"})
    assert part.status_code == 206
    assert b"".join(part.streaming_content) == b"ftyp"
    index = browser.get(reverse("take-labels-index", args=[take.pk]))
    assert "immutable" in index.headers["Cache-Control"]
    index.close()


def test_a_view_that_failed_says_why(browser, take):
    view = viewing.view_of(take)
    view.fault.parent.mkdir(parents=True, exist_ok=True)
    view.fault.write_text("no space left on device")
    state = browser.get(reverse("take-viewing", args=[take.pk])).json()
    assert state == {"state": "failed", "words": "No viewing copy: no space left on device"}


def test_progress_is_told_in_frames(browser, take):
    view = viewing.view_of(take)
    view.progress.parent.mkdir(parents=True, exist_ok=True)
    view.progress.write_text("3 8")
    state = browser.get(reverse("take-viewing", args=[take.pk])).json()
    assert state["words"] == "Making the viewing copy: 3 of 8 frames"


@pytest.mark.parametrize("of", ["take", "map"])
def test_frames_of_a_take_are_kept_by_the_browser_and_bounded(browser, take, of):
    there = browser.get(reverse("take-frame", args=[take.pk, 9]), {"of": of})
    assert there.headers["Content-Type"] == "image/png"
    assert "immutable" in there.headers["Cache-Control"]
    for outside in (1, 10):
        assert browser.get(reverse("take-frame", args=[take.pk, outside])).status_code == 404


def test_the_frame_of_a_scene_is_never_kept_for_good(browser, take):
    address = reverse("scene-frame", args=[take.scan.scenes.get().pk, 5])
    assert "immutable" in browser.get(address, {"of": "scan"}).headers["Cache-Control"]
    assert browser.get(address, {"of": "take"}).headers["Cache-Control"] == "private, no-cache"


def test_a_still_is_made_for_a_frame_that_has_none(browser, take):
    scan = take.scan
    address = reverse("scan-still", args=[scan.pk, 7])
    assert browser.get(address).status_code == 404
    scan.derivatives = scan.Derivatives.READY
    scan.save(update_fields=["derivatives"])
    first = browser.get(address)
    assert b"".join(first.streaming_content)[:2] == b"\xff\xd8"
    missing = browser.get(reverse("scan-still", args=[scan.pk, 12]))
    assert missing.status_code == 404
    assert "This scan has frames 0 to 11." in missing.content.decode()
    assert "wrong, or what was here is gone" in browser.get("/nowhere/").content.decode()


def test_a_stranger_makes_the_server_decode_nothing(take, client, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.PUBLIC_CATALOGUE, scan = True, take.scan
    Reel.objects.update(access="public")
    scan.derivatives = scan.Derivatives.READY
    scan.save(update_fields=["derivatives"])
    address = reverse("scan-still", args=[scan.pk, 7])
    assert client.get(address).status_code == 302
    assert not list(derived.folder(scan).glob(f"{derived.STILLS}/000007.jpg"))


def test_a_single_pixel_of_the_map_is_told(browser, take):
    told = browser.get(reverse("take-pixel", args=[take.pk, take.start_frame, 3, 5]))
    assert set(told.json()) == {
        *("structure", "colour", "stages", "source", "values", "guide", "doubt")
    }
    assert told.json()["structure"] in Label.__members__ and told.json()["guide"] is None
    for place in ((take.end_frame, 3, 5), (take.start_frame, 48, 5), (take.start_frame, 3, 64)):
        assert browser.get(reverse("take-pixel", args=[take.pk, *place])).status_code == 404


def test_the_error_to_expect_is_laid_over_an_enlarged_take_and_no_other(browser, take):
    scene = take.scan.scenes.get(start_frame=take.start_frame, end_frame=take.end_frame)
    large = make_real_take(scene, stage="upscale", after=take, engine="compact", scale=2, tile=64)
    picture = browser.get(reverse("take-frame", args=[large.pk, 5]), {"of": "heat"})
    shown = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown.shape == (96, 128, 4)
    assert (shown[..., :3] == (0, 106, 255)).all(), "blue, green, red"
    assert 0 < shown[..., 3].max() <= 217
    assert browser.get(reverse("take-frame", args=[take.pk, 5]), {"of": "heat"}).status_code == 404


def address_of(take: Take, frame: int) -> str:
    return reverse("scene-frame", args=[take.scan.scenes.get().pk, frame])


@pytest.mark.parametrize("of", ["scan", "take", "map"])
def test_frames_are_found_by_the_scene_that_they_are_in(browser, take, of):
    answer = browser.get(address_of(take, 5), {"of": of})
    shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown.shape[:2] == (48, 64)
    outside = browser.get(address_of(take, 10), {"of": of})
    assert outside.status_code == 404
    assert outside.content.decode() == "This scene has frames 2 to 9.\n"


def test_each_take_of_a_scene_has_its_frames_there(browser, take):
    second = make_real_take(take.scan.scenes.get(), window=6)
    for named in (take, second):
        answer = browser.get(address_of(take, 5), {"of": "take", "take": named.pk})
        own = browser.get(reverse("take-frame", args=[named.pk, 5]))
        assert answer.content == own.content
        assert "immutable" in answer.headers["Cache-Control"]
    for asked in ({"take": 0}, {"take": "x"}, {"version": "colour"}):
        refused = browser.get(address_of(take, 5), {"of": "take"} | asked)
        assert (refused.status_code, "no such take" in refused.content.decode()) == (404, True)


def test_what_was_removed_is_gone_and_what_never_was_is_not_found(browser, take):
    for of, words in (("heat", "no such picture"), ("song", "Ask for scan, take, map, heat")):
        refused = browser.get(address_of(take, 5), {"of": of})
        assert (refused.status_code, words in refused.content.decode()) == (404, True)
    refused = browser.get(address_of(take, 5), {"of": "map", "plane": "sound"})
    assert (refused.status_code, "planes" in refused.content.decode()) == (404, True)
    Take.objects.filter(pk=take.pk).update(storage_key="takes/removed")
    gone = browser.get(address_of(take, 5), {"of": "take"})
    assert gone.status_code == 410
    assert gone.content.decode().endswith("were removed; run the stage again.\n")


def test_whoever_may_not_see_takes_sees_no_frame_of_them(client, take, researcher, settings):
    client.force_login(researcher)
    for of in ("take", "map"):
        assert client.get(address_of(take, 5), {"of": of}).status_code == 403


def test_a_pixel_has_its_code_values_before_and_after(browser, take):
    told = browser.get(reverse("take-pixel", args=[take.pk, 5, 30, 40])).json()["values"]
    for side, of in (("before", "scan"), ("after", "take")):
        answer = browser.get(address_of(take, 5), {"of": of})
        shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert told[side] == {"bits": 8, "codes": {"Y": int(shown[30, 40])}}


def test_how_far_what_was_made_up_lies_from_the_scan_is_laid_over_it(browser, tmp_path):
    clip = {"frames": 3, "width": SIZE, "height": SIZE, "pixel": "yuv420p"}
    reel = make_scanned_reel(tmp_path, name=f"made up {factories.unique_digest()[:8]}", **clip)
    scene = factories.make_scene(scan=current_scan(reel), frames=(0, 3))
    made = (Label.SYNTHESISED, Label.ORIGINAL)
    take = make_real_take(scene, by=labelling([made, CLEAN, CLEAN], start=0))
    pictures = {}
    for frame in (0, 1):
        answer = browser.get(reverse("take-frame", args=[take.pk, frame]), {"of": "invention"})
        pictures[frame] = cv2.imdecode(np.frombuffer(answer.content, np.uint8), -1)
    alike = pictures[0][..., 3].astype(int)
    assert alike[BLOCK].max() > 0, "the block was made up"
    alike[BLOCK] = 0
    assert not alike.any() and not pictures[1][..., 3].any(), "what was adjusted stays clear"
    assert why_none(take) == "" and plane_of(take) == "structure"


def test_a_take_without_anything_made_up_or_one_that_was_moved_says_why_it_has_no_plane(
    browser, take
):
    refused = browser.get(address_of(take, 5), {"of": "invention"})
    assert refused.status_code == 404
    assert "nothing in this take was made up" in refused.content.decode()
    scene = take.scan.scenes.get()
    large = factories.make_take(scene=scene, stage="upscale", input_take=take)
    page = browser.get(reverse("scene", args=[scene.pk])).content.decode()
    assert "disabled>no invention: upscale moved the picture" in page
    assert why_none(large).startswith("upscale moved the picture")
