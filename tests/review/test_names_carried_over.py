"""Names that people gave to faces hold for the faces of a new run, or are shown as lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from archive.models import Event, Scan
from restoration import biometrics, namings
from restoration.errors import CastRefused
from restoration.models import FaceTrack, Naming
from restoration.stages.attribute.measured import Measured, Track
from tests.restoration.stages.test_attribute import two_people_in_turn
from tests.review.test_cast_page import follow, scan, speakers, static_folder, visit

__all__ = ["scan", "static_folder", "visit"]
pytestmark = pytest.mark.django_db


def apart(reel: Measured) -> Measured:
    """Anna on the left and Boris on the right, as a picture has them."""
    for each in reel.tracks:
        each.boxes = each.boxes + np.array([200, 0, 200, 0], np.float32) * (each.number - 1)
    return reel


def numbered_otherwise(reel: Measured, **changes: object) -> Measured:
    """The same faces under other numbers, one frame shorter."""
    tracks = [
        Track(
            number=3 - each.number,
            first_frame=each.first_frame + 1,
            boxes=each.boxes[1:] + np.float32(2),
            mouth=each.mouth[1:],
            best_frame=each.best_frame + 1,
            faces=each.faces,
        )
        for each in reel.tracks
    ]
    return replace(reel, tracks=tracks, **changes)


@pytest.fixture
def named(scan: Scan, archivist: User) -> Scan:
    follow(scan, apart(two_people_in_turn()), "c")
    run = scan.runs.latest("pk")
    namings.name_face(run.face_tracks.get(number=1), "Anna", by=archivist)
    namings.name_face(run.face_tracks.get(number=2), "Boris", by=archivist, everywhere=False)
    return scan


def standing(scan: Scan) -> list[tuple[int, str]]:
    run = scan.runs.latest("pk")
    kept = Naming.objects.filter(track__run=run, withdrawn=None).order_by("track__number")
    return [(each.track.number, each.character.name) for each in kept]


def test_a_new_run_keeps_the_names_and_who_gave_them(named: Scan, visit, archivist: User) -> None:
    given = Naming.objects.get(character__name="Anna")
    follow(named, numbered_otherwise(apart(two_people_in_turn())), "d")
    assert standing(named) == [(1, "Boris"), (2, "Anna")]
    assert speakers(named) == ["Anna", "Boris"]
    carried = given.carried_to.get()
    assert (carried.by, carried.at, carried.everywhere) == (archivist, given.at, True)
    assert carried.carried["from"] == 1 and carried.carried["place"] > 0.8
    assert "carried over from an earlier run" in visit()
    assert not namings.lost(named).exists()
    told = Event.objects.filter(kind="face names carried over").latest("pk")
    assert told.detail["carried"] == 2 and told.detail["lost"] == 0


def test_a_name_taken_back_does_not_come_again_with_a_new_run(named: Scan, archivist: User) -> None:
    namings.take_back(Naming.objects.get(character__name="Anna"), by=archivist)
    follow(named, numbered_otherwise(apart(two_people_in_turn())), "d")
    assert standing(named) == [(1, "Boris")]
    follow(named, apart(two_people_in_turn()), "e")
    assert standing(named) == [(2, "Boris")]


def test_a_name_that_fits_no_face_is_shown_as_lost_and_can_be_given_again(
    named: Scan, visit, archivist: User
) -> None:
    empty = replace(apart(two_people_in_turn()), tracks=[])
    follow(named, empty, "d")
    shown = visit()
    assert "Names without a face" in shown and f"named by {archivist}" in shown
    assert [each.character.name for each in namings.lost(named)] == ["Anna", "Boris"]
    # Where looks alone can tell, whoever was named everywhere is found; one face alone is not.
    elsewhere = numbered_otherwise(two_people_in_turn())
    for each in elsewhere.tracks:
        each.boxes = each.boxes + np.float32(400)
    run = follow(named, elsewhere, "e")
    assert standing(named) == [(2, "Anna")]
    (left,) = namings.lost(named)
    face = run.face_tracks.get(number=1)
    visit.client.post(reverse("name-again", args=[left.pk]), {"face": face.pk})
    assert standing(named) == [(1, "Boris"), (2, "Anna")]
    assert "Names without a face" not in visit()


def test_a_lost_name_can_be_let_go(named: Scan, visit) -> None:
    follow(named, replace(apart(two_people_in_turn()), tracks=[]), "d")
    for left in list(namings.lost(named)):
        visit.client.post(reverse("withdraw-naming", args=[left.pk]))
    assert "Names without a face" not in visit()


def test_nobody_is_named_twice_in_one_frame(named: Scan, archivist: User) -> None:
    face = FaceTrack.objects.get(run=named.runs.latest("pk"), number=2)
    with pytest.raises(CastRefused, match="on screen at the same time"):
        namings.name_face(face, "Anna", by=archivist)
    anna = Naming.objects.get(character__name="Anna").character
    with pytest.raises(CastRefused, match="on screen together"):
        namings.rename(anna, "Boris", scan=named, by=archivist)
    assert standing(named) == [(1, "Anna"), (2, "Boris")]


def test_a_face_of_an_earlier_run_is_not_named_any_more(named: Scan, archivist: User) -> None:
    old = FaceTrack.objects.get(run=named.runs.latest("pk"), number=1)
    follow(named, apart(two_people_in_turn()), "d")
    with pytest.raises(CastRefused, match="looked at anew"):
        namings.name_face(old, "Clara", by=archivist)


def test_what_was_forgotten_is_not_carried_over(named: Scan) -> None:
    biometrics.forget(named)
    follow(named, apart(two_people_in_turn()), "d")
    assert standing(named) == [] and not Naming.objects.exists()
