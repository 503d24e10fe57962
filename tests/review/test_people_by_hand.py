"""People put together and parted by hand; the machine's own finding stays, and comes back."""

from __future__ import annotations

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from archive.models import Scan
from restoration import namings, regrouping
from restoration.errors import CastRefused
from restoration.models import FaceTrack, StageRun
from restoration.stages.attribute.measured import Measured
from tests.restoration.stages.test_attribute import LINE, mouth_of, reel, syllables, track
from tests.review.test_cast_page import follow, scan, speakers, static_folder, visit

__all__ = ["scan", "static_folder", "visit"]
pytestmark = pytest.mark.django_db


def one_after_the_other(*looks: int) -> Measured:
    """A face speaks for three seconds, then one for three more, and so on; all in other places."""
    levels = syllables(LINE * len(looks), 1)
    tracks = []
    for place, face in enumerate(looks):
        mouth = mouth_of(levels[75 * place : 75 * (place + 1)], 2 + place)
        made = track(place + 1, mouth, first=75 * place, face=face)
        made.boxes = made.boxes + np.float32(70 * place)
        tracks.append(made)
    return reel(levels, tracks)


def people(run: StageRun) -> list[int]:
    return list(run.face_tracks.order_by("number").values_list("person", flat=True))


@pytest.fixture
def two(scan: Scan) -> StageRun:
    """One woman whom the machine took for two."""
    run = follow(scan, one_after_the_other(1, 2), "c")
    assert people(run) == [1, 2]
    return run


def test_two_are_made_one_and_put_back(two: StageRun, scan: Scan, visit, archivist: User) -> None:
    first, second = two.face_tracks.order_by("number")
    namings.name_face(first, "Anna", by=archivist)
    together = reverse("put-faces-together", args=[second.pk])
    visit.client.post(together, {"face": first.pk})
    assert people(two) == [1, 1] and speakers(scan) == ["Anna", "Anna"]
    assert f"Put together by {archivist}" in visit()
    visit.client.post(reverse("put-faces-back", args=[second.pk]))
    assert people(two) == [1, 2] and speakers(scan) == ["Anna", None]


def test_faces_of_one_are_parted_and_named_apart(scan: Scan, visit, archivist: User) -> None:
    run = follow(scan, one_after_the_other(1, 1), "c")
    assert people(run) == [1, 1]
    first, second = run.face_tracks.order_by("number")
    visit.client.post(reverse("part-faces", args=[scan.reel_id]), {"face": [second.pk]})
    assert people(run) == [1, 2]
    second.refresh_from_db()
    namings.name_face(second, "Boris", by=archivist)
    assert speakers(scan) == [None, "Boris"]
    with pytest.raises(CastRefused, match="at least one face"):
        regrouping.part([FaceTrack.objects.get(pk=first.pk)], by=archivist)


def test_who_share_a_frame_or_have_two_names_are_not_made_one(
    two: StageRun, scan: Scan, archivist: User
) -> None:
    first, second = two.face_tracks.order_by("number")
    namings.name_face(first, "Anna", by=archivist)
    namings.name_face(second, "Boris", by=archivist)
    with pytest.raises(CastRefused, match="Anna and Boris"):
        regrouping.put_together(first, second, by=archivist)
    older = scan.runs.earliest("pk").face_tracks.order_by("number")
    with pytest.raises(CastRefused, match="looked at anew"):
        regrouping.put_together(older[0], older[1], by=archivist)
    together = follow(scan, key="d").face_tracks.order_by("number")
    with pytest.raises(CastRefused, match="two people"):
        regrouping.put_together(together[0], together[1], by=archivist)


def test_a_new_run_keeps_what_people_put_together_and_parted(scan: Scan, archivist: User) -> None:
    run = follow(scan, one_after_the_other(1, 2, 3, 3), "c")
    one, two, _, four = run.face_tracks.order_by("number")
    regrouping.put_together(two, one, by=archivist)
    regrouping.part([four], by=archivist)
    assert people(run) == [1, 1, 3, 4]
    again = follow(scan, one_after_the_other(1, 2, 3, 3), "d")
    found = people(again)
    assert found[0] == found[1] and len({found[0], found[2], found[3]}) == 3
    moved = again.face_tracks.exclude(moved_by=None)
    assert {each.moved_by for each in moved} == {archivist}
    assert [each.found_person for each in again.face_tracks.order_by("number")] == [1, 2, 3, 3]
