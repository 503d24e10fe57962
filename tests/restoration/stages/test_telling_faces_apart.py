"""Faces are put together in bounded memory, carried from run to run, and named once in a frame."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist, squareform

from restoration.stages.attribute import clusters
from restoration.stages.attribute.carrying import same_looks, same_place
from restoration.stages.attribute.clusters import SAME_FACE, cluster
from restoration.stages.attribute.measured import Track
from restoration.stages.attribute.naming import name_people


def face(
    number: int,
    first: int,
    frames: int,
    looks: Sequence[np.ndarray],
    at: tuple[int, int] = (10, 10),
) -> Track:
    boxes = np.tile(np.array([*at, at[0] + 50, at[1] + 50], np.float32), (frames, 1))
    faces = np.asarray(looks, np.float32).reshape(-1, 128)
    return Track(number, first, boxes, np.zeros((frames, 3), np.float32), first, faces)


def looks_of(person: int, seed: int = 0, spread: float = 0.01, count: int = 3) -> list[np.ndarray]:
    """Faces of one person: about spread * 16 apart."""
    centre = np.random.default_rng(person).normal(0, 1, 128)
    noise = np.random.default_rng([person, seed]).normal(0, spread, (count, 128))
    return list(centre / np.linalg.norm(centre) + noise)


def crowd(people: int, tracks: int, spread: float) -> list[Track]:
    """Everybody on screen in turn, each track for ten frames, none beside another."""
    return [face(n, 10 * n, 10, looks_of(n % people, n, spread)) for n in range(tracks)]


def all_at_once(tracks: Sequence[Track]) -> list[int]:
    """The groups by one matrix of all faces, as the textbook has it."""
    faces = np.concatenate([track.faces for track in tracks]).astype(np.float64)
    apart = cdist(faces, faces).reshape(len(tracks), 3, len(tracks), 3).mean(axis=(1, 3))
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), "average")
    return list(fcluster(tree, SAME_FACE, "distance"))


def same_partition(one: Sequence[int], other: Sequence[int]) -> bool:
    return len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


def test_blocks_give_the_groups_of_all_faces_at_once(monkeypatch) -> None:
    monkeypatch.setattr(clusters, "_BLOCK", 50)
    # So far spread that groups touch, and average linkage has something to decide.
    for spread in (0.01, 0.03, 0.035, 0.04):
        tracks = crowd(9, 200, spread)
        found = cluster(tracks)
        expected = all_at_once(tracks)
        assert same_partition([found[track.number] for track in tracks], expected), spread


@pytest.mark.slow
def test_twenty_thousand_faces_are_put_together_in_bounded_memory() -> None:
    tracks = crowd(60, 6667, 0.01)
    tracemalloc.start()
    try:
        found = cluster(tracks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(set(found.values())) == 60
    assert peak < 250e6, "one matrix of all of them is 3,200 MB"


def test_many_alike_do_not_put_two_who_are_on_screen_together_into_one() -> None:
    tracks = [face(n, 10 * n, 10, looks_of(1, n)) for n in range(300)]
    beside = face(300, 0, 10, looks_of(1, 300), at=(200, 10))
    found = cluster([*tracks, beside])
    assert found[0] != found[300]


def test_one_name_is_given_once_in_a_frame_and_the_nearer_face_has_it() -> None:
    photograph = np.asarray(looks_of(1, 0, 0.0, 1), np.float32)
    near = face(1, 0, 50, photograph + 0.01)
    farther = face(2, 20, 50, photograph + 0.02, at=(200, 10))
    named = name_people([farther, near], {1: 1, 2: 2}, {"Anna": photograph})
    assert {person: told.name for person, told in named.items()} == {1: "Anna"}
    later = face(2, 60, 50, photograph + 0.02, at=(200, 10))
    assert len(name_people([near, later], {1: 1, 2: 2}, {"Anna": photograph})) == 2


def test_a_name_that_a_person_gave_is_not_given_by_photographs_to_a_face_beside_it() -> None:
    photograph = np.asarray(looks_of(1, 0, 0.0, 1), np.float32)
    given = face(1, 0, 50, photograph + 0.03)
    beside = face(2, 20, 50, photograph + 0.01, at=(200, 10))
    people = {1: 1, 2: 2}
    assert name_people([given, beside], people, {"Anna": photograph}, {1: "Anna"}) == {}


def test_a_face_is_found_again_in_its_frames_and_place() -> None:
    before = face(7, 100, 40, looks_of(1))
    there = face(1, 104, 30, looks_of(1, 5))
    elsewhere = face(2, 104, 30, looks_of(1, 6), at=(90, 10))
    again = same_place(before, [elsewhere, there])
    assert again is not None
    assert (again.track, again.shared, again.place) == (1, 1.0, 1.0)


def test_another_face_in_the_same_place_is_not_the_one_that_was_there() -> None:
    before = face(7, 100, 40, looks_of(1))
    assert same_place(before, [face(1, 100, 40, looks_of(2))]) is None
    assert same_place(before, [face(1, 135, 40, looks_of(1))]) is None, "five frames of forty"
    untold = face(1, 100, 40, [])
    assert same_place(before, [untold]) is not None, "the place alone says so"


def test_who_is_alike_everywhere_is_found_by_looks_unless_two_people_are() -> None:
    before = face(7, 100, 40, looks_of(1))
    alike, other = face(1, 300, 40, looks_of(1, 9)), face(2, 400, 40, looks_of(2))
    again = same_looks(before, [alike, other], {1: 1, 2: 2})
    assert again is not None and again.track == 1
    twin = face(3, 300, 40, looks_of(1, 10), at=(200, 10))
    assert same_looks(before, [alike, twin], {1: 1, 3: 3}) is None
