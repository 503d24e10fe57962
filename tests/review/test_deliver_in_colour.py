"""An approved colour version leaves too: by itself, labelled as its takes are, never by chance."""

from __future__ import annotations

import json
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from archive.media.decode import open_source
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from archive.models import Event, Reel
from fixtures.clips import numbered_picture
from fixtures.demo import journey
from fixtures.demo.clock import Clock
from fixtures.demo.painting import Coloured
from fixtures.demo.table import colour_table
from restoration.imaging.tones import lightness_of
from restoration.mapfile import MapReader
from restoration.models import Scene, Take
from restoration.provenance import Label, Totals
from restoration.storage import storage
from review import decisions
from review.deliverables import DeliveryFailed, DeliveryRefused, check
from review.delivery import requests
from review.delivery.attempts import execute_delivery
from review.formats.conversion import as_rgb
from review.models import Deliverable, Delivery
from review.verifying import verify
from review.version_choice import COLOUR, UnknownScenes, VersionChoice
from tests.review.approved_reel import make_approved_reel, make_real_take
from tests.review.coloured_reel import OTHERS_AS_RESTORED, approve, colour, deliver, scenes_of

pytestmark = pytest.mark.django_db

ALL_COLOURED = VersionChoice(COLOUR)


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    """Two restored and approved scenes; the second one also in colour, approved."""
    reel = make_approved_reel(tmp_path, by=archivist)
    approve(colour(scenes_of(reel)[1]), by=archivist)
    return reel


def reasons(reel: Reel, choice: VersionChoice) -> list[str]:
    return [str(reason) for reason in check(reel, choice).reasons]


def test_a_scene_without_colour_stands_in_the_way_until_somebody_says_otherwise(
    reel: Reel, archivist: User
) -> None:
    assert check(reel).allowed, "the restoration leaves as ever"
    assert reasons(reel, ALL_COLOURED) == [
        "Scene 1 (frames 0 to 4): it has no colour version. Colour it and approve that, let it "
        "leave as restored, or deliver the restoration."
    ]
    assert check(reel, OTHERS_AS_RESTORED).allowed
    first, second = scenes_of(reel)
    assert check(reel, VersionChoice(COLOUR, as_restored=(first.pk,))).allowed
    nothing = VersionChoice(COLOUR, as_restored=(first.pk, second.pk))
    assert reasons(reel, nothing) == ["No scene would leave in colour; deliver the restoration."]


def test_colour_that_nobody_approved_does_not_leave_even_where_others_stay_grey(
    reel: Reel, archivist: User
) -> None:
    first, _ = scenes_of(reel)
    colour(first)
    assert reasons(reel, OTHERS_AS_RESTORED) == [
        "Scene 1 (frames 0 to 4): nobody has approved its colour version yet."
    ]
    named = VersionChoice(COLOUR, as_restored=(first.pk,))
    assert check(reel, named).allowed, "a person said that this scene leaves as restored"


def test_a_stale_colour_approval_is_refused_with_what_changed(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    colour(scenes_of(reel)[1], engine="spread", tint="keep")
    (reason,) = reasons(reel, OTHERS_AS_RESTORED)
    assert reason.startswith(
        "Scene 2 (frames 5 to 11): the approval of its colour version is stale."
    )
    assert "Colourise was made anew since: take 2" in reason
    with pytest.raises(DeliveryRefused, match="Scene 2"):
        deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED)
    assert not (tmp_path / "out").exists()


def test_a_restoration_made_anew_makes_the_colour_stale_too(reel: Reel, archivist: User) -> None:
    make_real_take(scenes_of(reel)[1], strength=0.5)
    (reason,) = reasons(reel, OTHERS_AS_RESTORED)
    assert "deflicker was made anew since" in reason.lower()


def test_requested_changes_and_a_scene_left_as_restored_keep_their_own_gate(
    reel: Reel, archivist: User
) -> None:
    first, second = scenes_of(reel)
    head = Take.objects.of_scene(second).filter(version=COLOUR).get()
    decisions.request_changes(second, head, by=archivist, reason="her dress was green")
    restored = decisions.current_approval(first)
    assert restored is not None
    decisions.withdraw(restored, by=archivist)
    assert reasons(reel, OTHERS_AS_RESTORED) == [
        "Scene 1 (frames 0 to 4): nobody has approved its take yet.",
        "Scene 2 (frames 5 to 11): changes of its colour version were requested by anna: her dress "
        "was green",
    ]


def test_both_versions_of_one_reel_leave_with_their_own_pictures_and_labels(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    restored = deliver(reel, tmp_path / "out", archivist, VersionChoice())
    coloured = deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED)
    assert restored.name == "harbour-day-reel-1-exhibition-all-1"
    assert coloured.name == "harbour-day-reel-1-colour-exhibition-all-1"
    with (
        open_source(restored / "master.mkv") as grey,
        open_source(coloured / "master.mkv") as made,
    ):
        assert (grey.format.pixel.name, made.format.pixel.name) == ("gray", "gbrp")
        for before, after in zip(grey.frames(), made.frames(), strict=True):
            apart = lightness_of(after, made.format) - lightness_of(before, grey.format)
            assert float(np.abs(apart).max()) <= 0.5
    assert [(row.version, row.use) for row in Deliverable.objects.order_by("pk")] == [
        ("restoration", "exhibition"),
        (COLOUR, "exhibition"),
    ]


def test_labels_of_the_delivered_map_are_those_of_the_takes(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    folder = deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "ffv1")
    delivered = list(MapReader(folder / "map.mkv").frames())
    first, second = (head(scene) for scene in scenes_of(reel))
    for made, held in zip(delivered[5:], second, strict=True):
        assert np.array_equal(made.structure, held.structure)
        assert np.array_equal(made.colour, held.colour)
    for made, held in zip(delivered[:5], first, strict=True):
        original = held.structure == Label.ORIGINAL
        assert original.any(), "or this would show nothing"
        assert np.all(made.structure[original] == Label.ADJUSTED), "another format: not the codes"
        assert np.array_equal(made.structure[~original], held.structure[~original])
        assert np.all(made.colour == Label.ADJUSTED)
    assert any((held.colour == Label.HUMAN).any() for held in second)


def head(scene: Scene) -> list[Any]:
    version = COLOUR if Take.objects.of_scene(scene).filter(version=COLOUR) else "restoration"
    take = Take.objects.of_scene(scene).filter(version=version).latest("pk")
    return list(MapReader(storage().folder(take.storage_key) / "map.mkv").frames())


def test_a_scene_left_as_restored_has_the_very_codes_in_all_three_channels(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    folder = deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "ffv1")
    take = Take.objects.get(start_frame=0)
    with (
        open_source(storage().folder(take.storage_key) / "picture.mkv") as held,
        open_source(folder / "master.mkv") as made,
    ):
        for before, after in zip(held.frames(), made.frames(0, 5), strict=True):
            assert all(np.array_equal(plane, before.planes[0]) for plane in after.planes)


def test_totals_of_colour_are_in_the_record_and_true_of_the_map(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    folder = deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "ffv1")
    record = json.loads((folder / "record.json").read_text())
    assert Totals.from_json(record["totals"]) == MapReader(folder / "map.mkv").totals()
    assert record["totals"]["colour"]["HUMAN"] > 0
    assert record["totals"]["structure"]["ORIGINAL"] == 0
    assert record["version"] == COLOUR
    assert [(s["take"]["version"], s["converted"]) for s in record["scenes"]] == [
        ("restoration", True),
        (COLOUR, False),
    ]
    assert (
        record["scenes"][1]["approval"]["digest"] == record["scenes"][1]["take"]["manifest_digest"]
    )
    assert any("Scenes 1 leave as they were restored" in remark for remark in record["remarks"])
    found = verify(folder / "master.mkv")
    assert found.problems == []


def test_the_timeline_names_the_version_and_holds_the_other_one_beside_it(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    folder = deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "otio")
    timeline: Any = otio.adapters.read_from_file(str(folder / "timeline.otio"))
    assert timeline.metadata["reelproof"]["version"] == COLOUR
    first, second = timeline.video_tracks()[0]
    assert first.metadata["reelproof"]["version"] == "restoration"
    assert second.metadata["reelproof"]["version"] == COLOUR
    beside = second.media_references()
    assert set(beside) == {"scan", "take", "restoration"}
    assert beside["take"].metadata["reelproof"]["stage"] == "colourise"
    assert beside["restoration"].metadata["reelproof"]["stage"] == "deflicker"
    assert beside["restoration"].available_range == second.source_range
    plain: Any = otio.adapters.read_from_file(
        str(deliver(reel, tmp_path / "out", archivist, VersionChoice(), "otio") / "timeline.otio")
    )
    assert set(plain.video_tracks()[0][1].media_references()) == {"scan", "take", COLOUR}


def test_what_nobody_approved_is_no_alternative_in_a_timeline(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    colour(scenes_of(reel)[0])
    folder = deliver(reel, tmp_path / "out", archivist, VersionChoice(), "otio")
    timeline: Any = otio.adapters.read_from_file(str(folder / "timeline.otio"))
    assert set(timeline.video_tracks()[0][0].media_references()) == {"scan", "take"}


@pytest.mark.slow
def test_film_with_colour_of_its_own_is_refused_where_rgb_cannot_hold_it(
    tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(
        tmp_path, by=archivist, pixel="yuv420p", pictures=neutral_then_tinted()
    )
    approve(colour(scenes_of(reel)[0]), by=archivist)
    with pytest.raises(DeliveryFailed, match=r"Scene 2 was left as restored, and its frame 5 has"):
        deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "mp4")
    assert not (tmp_path / "out").exists()


def neutral_then_tinted() -> list[Picture]:
    """Twelve frames; from the fifth on the whole picture has a colour of its own."""
    made = [numbered_picture(n, pixel="yuv420p", width=64, height=48) for n in range(12)]
    return [
        Picture(each.pixel, (np.clip(each.planes[0], 16, 235).astype(np.uint8), *_flat(each, n)))
        for n, each in enumerate(made)
    ]


def _flat(picture: Picture, number: int) -> list[Any]:
    return [np.full_like(plane, 128 if number < 5 else 140) for plane in picture.planes[1:]]


@pytest.mark.parametrize("bits", [8, 10])
def test_codes_of_a_limited_range_become_as_many_codes_of_the_full_one(bits: int) -> None:
    suffix = "" if bits == 8 else f"{bits}le"
    grey, rgb = PIXEL_FORMATS[f"gray{suffix}"], PIXEL_FORMATS[f"gbrp{suffix}"]
    unit = 1 << (bits - 8)
    codes = np.arange(16 * unit, 235 * unit + 1, dtype=grey.dtype)[None]
    form = PictureFormat(codes.shape[1], 1, grey, Fraction(24), colour_range="limited")
    target = PictureFormat(codes.shape[1], 1, rgb, Fraction(24))
    made = as_rgb(Picture(grey, (codes,)), form, target)
    assert np.unique(made.planes[0]).size == codes.size, "each can be told back"
    assert (made.planes[0][0, 0], made.planes[0][0, -1]) == (0, rgb.peak)
    for beyond in (16 * unit - 1, 235 * unit + 1):
        wrong = Picture(grey, (np.full_like(codes, beyond),))
        with pytest.raises(ValueError, match="codes outside its range"):
            as_rgb(wrong, form, target)


def test_the_event_says_which_version_left_and_what_left_as_restored(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "otio")
    event = Event.objects.get(kind="delivery")
    assert event.detail["version"] == COLOUR
    assert event.detail["as_restored"] == [1]


def test_the_command_delivers_the_version_that_is_asked_for(reel: Reel, tmp_path: Path) -> None:
    order = [str(reel.pk), "--use", "exhibition", "--to", str(tmp_path / "out"), "--format", "otio"]
    with pytest.raises(CommandError, match=r"Scene 1 .*it has no colour version"):
        call_command("deliver", *order, "--of", COLOUR)
    with pytest.raises(CommandError, match="9 names no scene: give numbers from 1 to 2"):
        call_command("deliver", *order, "--of", COLOUR, "--as-restored", "9")
    out = StringIO()
    call_command("deliver", *order, "--of", COLOUR, "--as-restored", "uncoloured", stdout=out)
    assert "-reel-1-colour-exhibition-otio-1/timeline.otio" in out.getvalue()


@pytest.mark.slow
def test_the_page_asks_for_a_version_and_a_worker_makes_it(
    reel: Reel, client: Client, archivist: User
) -> None:
    client.force_login(archivist)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    assert "The 1 scene without colour leaves as restored" in page
    asked = {"format": "ffv1", "use": "exhibition", "version": COLOUR}
    answer = client.post(reverse("deliver", args=[reel.pk]), asked, follow=True)
    assert "it has no colour version" in answer.content.decode()
    assert not Delivery.objects.exists()
    client.post(reverse("deliver", args=[reel.pk]), asked | {"as_restored": "1"})
    delivery = Delivery.objects.get()
    execute_delivery(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == "done", delivery.error
    made = Deliverable.objects.get()
    assert (made.version, made.record["version"]) == (COLOUR, COLOUR)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    assert "in colour" in page


def test_two_versions_are_two_deliveries_and_the_same_one_is_made_once(
    reel: Reel, archivist: User
) -> None:
    def ask(choice: VersionChoice) -> int:
        return requests.ask(reel, format="otio", use="exhibition", by=archivist, choice=choice).pk

    first, second = ask(VersionChoice()), ask(OTHERS_AS_RESTORED)
    assert first != second
    assert (ask(VersionChoice()), ask(OTHERS_AS_RESTORED)) == (first, second)


def test_scenes_are_named_by_numbers_ranges_and_one_word() -> None:
    scenes = [10, 20, 30, 40]
    assert VersionChoice.parse(COLOUR, "2, 3-4", scenes).as_restored == (20, 30, 40)
    assert VersionChoice.parse(COLOUR, "uncoloured", scenes).uncoloured
    for words in ("0", "5", "2-", "four", "3-2", "1-9", "-1"):
        with pytest.raises(UnknownScenes, match="names no scene"):
            VersionChoice.parse(COLOUR, words, scenes)
    with pytest.raises(UnknownScenes, match="only in a colour delivery"):
        VersionChoice.parse("restoration", "2", scenes)
    chosen = VersionChoice(COLOUR, uncoloured=True, as_restored=(20,))
    assert VersionChoice.from_json(COLOUR, chosen.as_json()) == chosen
    assert VersionChoice().as_json() == {}


def test_the_demo_finds_what_left_in_colour_before_and_tells_of_it(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    def deliver_in_demo() -> tuple[Deliverable, bool]:
        return journey.deliver(
            reel, to=tmp_path / "out", by=archivist, clock=Clock(StringIO()), format="ffv1",
            choice=OTHERS_AS_RESTORED,
        )  # fmt: skip

    made, is_new = deliver_in_demo()
    assert is_new and deliver_in_demo() == (made, False)
    take = Take.objects.get(version=COLOUR)
    coloured = Coloured(scenes_of(reel)[1], "harbour", take, 1, 1.0, 0.5, [9.0], [5.0])
    table = colour_table(coloured, made)
    assert table[-1].startswith("reel as it left") and "0-11" in table[-1]
    assert len(table) == len(colour_table(coloured, None)) + 1
