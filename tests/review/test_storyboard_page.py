"""The storyboard's page: where it opens, what it asks of the database, what it answers to edits."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archive.models import Scan
from restoration import history, scenes
from restoration.models import BorderFinding, Scene
from review import decisions
from review.storyboard import storyboard
from tests.factories import make_scan, make_scenes, make_take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_folder(settings):
    """Whitenoise warns of a folder that only `collectstatic` makes."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def scan() -> Scan:
    """Frames 0 to 99 in four scenes of 25."""
    scan = make_scan(frames=100)
    make_scenes(scan, length=25)
    return scan


@pytest.fixture
def client(restorer: User) -> Client:
    client = Client()
    client.force_login(restorer)
    return client


def address(scan: Scan) -> str:
    return reverse("storyboard", args=[scan.reel_id])


def opened(scan: Scan, *, border: int | None = None, at: int | None = None) -> tuple[object, int]:
    """The border that is chosen, and the frame looked at."""
    place = storyboard(scan, border=border, at=at).place
    assert place is not None
    return place.border.frame if place.border else None, place.at


def test_it_opens_at_the_most_doubtful_border(scan: Scan) -> None:
    scan.scenes.filter(start_frame=50).update(confidence=0.7)
    scan.scenes.filter(start_frame=75).update(confidence=0.6)
    assert opened(scan) == (75, 75)


@pytest.mark.parametrize(("kind", "frame", "at"), [("flash", 10, 10), ("intertitle", 0, 1)])
def test_a_doubtful_mark_comes_up_and_is_settled(
    scan: Scan, client: Client, kind: str, frame: int, at: int
) -> None:
    first = scan.scenes.current()[0]
    first.marks = [{"frame": frame, "kind": kind, "confidence": 0.6}]
    first.save()
    assert opened(scan) == (None, at)
    page = client.get(address(scan)).content.decode()
    assert f"{kind.capitalize()} at frame {frame}" in page and 'id="no-mark"' in page
    said = {"mark": kind, "frame": frame, "holds": "0", "to": "storyboard"}
    answer = client.post(reverse("mark-splice", args=[first.pk]), said, follow=True)
    assert "Nothing is left to check." in answer.content.decode()
    first.refresh_from_db()
    assert first.marks == [] and storyboard(scan, border=None, at=None).to_check == []


def test_without_doubts_it_opens_at_the_first_cut(scan: Scan) -> None:
    assert opened(scan) == (25, 25)


def test_a_reel_of_one_scene_opens_in_its_middle() -> None:
    scan = make_scan(frames=100)
    make_scenes(scan, length=100)
    assert opened(scan) == (None, 50)


@pytest.mark.parametrize(
    ("border", "at", "where"),
    [
        (50, None, (50, 50)),
        (50, 55, (50, 55)),
        (50, 90, (50, 74)),
        (50, 2, (50, 26)),
        (None, 60, (None, 60)),
        (None, 75, (75, 75)),
        (33, None, (None, 33)),
        (0, None, (None, 1)),
        (999, None, (None, 99)),
    ],
)
def test_the_address_names_border_and_frame_and_never_leaves_both_scenes(
    scan: Scan, border: int | None, at: int | None, where: tuple[int | None, int]
) -> None:
    assert opened(scan, border=border, at=at) == where


@pytest.mark.parametrize("query", ["?border=x", "?border=-3", "?at=99999999999", "?border=²"])
def test_an_address_that_names_no_frame_opens_the_page_all_the_same(
    scan: Scan, client: Client, query: str
) -> None:
    assert client.get(address(scan) + query).status_code == 200


def test_a_scan_of_one_frame_has_nothing_to_edit(client: Client) -> None:
    scan = make_scan(frames=1)
    make_scenes(scan)
    assert "has no cuts" in client.get(address(scan)).content.decode()


def test_scenes_of_one_frame_are_shown(scan: Scan, client: Client) -> None:
    for frame in (51, 52):
        scenes.split(scan.scenes.current().holding(frame).get(), frame)
    assert opened(scan, border=52) == (52, 52)
    assert client.get(address(scan) + "?border=52").status_code == 200


def test_a_reel_of_five_hundred_scenes_asks_no_more_than_a_small_one(
    client: Client, reviewer: User
) -> None:
    counts = []
    for length, frames in ((100, 500), (10, 5000)):
        scan = make_scan(frames=frames)
        make_scenes(scan, length=length)
        scan.scenes.update(confidence=0.5)
        for scene in scan.scenes.current()[:6]:
            decisions.approve(scene, make_take(scene=scene), by=reviewer)
        BorderFinding.objects.bulk_create(
            BorderFinding(scan=scan, frame=frame, kind="cut", confidence=0.3, accepted=False)
            for frame in range(5, frames, length)
        )
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page = client.get(address(scan)).content.decode()
        counts.append(len(asked))
        assert page.count('loading="lazy"') == frames // length
    assert counts[0] == counts[1] <= 25


@pytest.mark.parametrize("name", ["reel", "today"])
def test_pages_of_a_long_approved_reel_ask_no_more_than_those_of_a_short_one(
    name: str, archivist: User, reviewer: User, client: Client
) -> None:
    client.force_login(archivist)
    counts = []
    for frames in (20, 120):
        scan = make_scan(frames=frames)
        for scene in make_scenes(scan, length=10):
            first = make_take(scene=scene)
            last = make_take(scene=scene, stage="repair", input_take=first)
            decisions.approve(scene, last, by=reviewer)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(name, args=[scan.reel_id] if name == "reel" else []))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 50


def test_an_edit_goes_back_to_where_it_was_made(scan: Scan, client: Client) -> None:
    scene = scan.scenes.current().holding(50).get()
    said = {"to": "storyboard", "frame": "47", "border": "50"}
    answer = client.post(reverse("move-cut", args=[scene.pk]), said)
    assert answer.headers["Location"] == f"{address(scan)}?border=47"


def test_an_edit_that_makes_no_sense_says_why_and_stays(scan: Scan, client: Client) -> None:
    scene = scan.scenes.current().holding(50).get()
    said = {"to": "storyboard", "frame": "7", "border": "50"}
    answer = client.post(reverse("split-scene", args=[scene.pk]), said, follow=True)
    assert "choose one from 51 to 74" in answer.content.decode()
    assert answer.redirect_chain[0][0] == f"{address(scan)}?border=50"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("split-scene", {}),
        ("check-cut", {"border": "50"}),
        ("check-cut", {"border": "50", "is_cut": "maybe"}),
        ("describe-cut", {"transition": "dissolve", "kind": "shot", "first": "48"}),
        ("describe-cut", {"transition": "wipe", "kind": "shot"}),
        ("mark-splice", {"frame": "60"}),
    ],
)
def test_an_incomplete_edit_changes_nothing(
    scan: Scan, client: Client, name: str, said: dict[str, str]
) -> None:
    scene = scan.scenes.current().holding(50).get()
    answer = client.post(
        reverse(name, args=[scene.pk]), said | {"to": "storyboard", "border": "50"}, follow=True
    )
    assert "The cuts stay as they were." in answer.content.decode()
    assert history.edit_to_undo(scan) is None


def test_undo_needs_to_be_told_which_edit_is_meant(scan: Scan, client: Client) -> None:
    scenes.split(scan.scenes.current().holding(50).get(), 60)
    undo = reverse("undo-cut-edit", args=[scan.reel_id])
    assert "which edit is meant" in client.post(undo, follow=True).content.decode()
    seen = history.edit_to_undo(scan)
    assert seen is not None
    answer = client.post(undo, {"edit": seen.pk}, follow=True)
    assert "Undone: split at frame 60." in answer.content.decode()


def test_confirming_goes_on_to_the_next_doubtful_border(scan: Scan, client: Client) -> None:
    scan.scenes.filter(start_frame__gt=0).update(confidence=0.6)
    scene: Scene = scan.scenes.current().holding(25).get()
    said = {"to": "storyboard", "border": "25", "is_cut": "1"}
    answer = client.post(reverse("check-cut", args=[scene.pk]), said)
    assert answer.headers["Location"] == f"{address(scan)}?border=50"


def test_today_counts_the_cuts_to_check_for_those_who_may(
    scan: Scan, client: Client, reviewer: User
) -> None:
    scan.scenes.filter(start_frame__gt=25).update(confidence=0.6)
    page = client.get(reverse("today")).content.decode()
    assert "2 to check" in page and address(scan) in page
    client.force_login(reviewer)
    assert "to check" not in client.get(reverse("today")).content.decode()


def test_of_a_reel_scanned_again_only_the_newest_scan_waits(scan: Scan, client: Client) -> None:
    scan.scenes.update(confidence=0.6)
    make_scan(reel=scan.reel)
    assert "to check" not in client.get(reverse("today")).content.decode()
