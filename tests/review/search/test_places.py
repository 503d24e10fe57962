"""What is new in a search is told by where its hits are, not by how many there are."""

from __future__ import annotations

import json

from review.search.places import Place, new_among, to_keep


def places(*frames: int, reel: int = 1, kind: str = "dialogue") -> list[Place]:
    return [Place(number, reel, kind, frame) for number, frame in enumerate(frames)]


def news(found: list[Place], seen: list[Place]) -> list[int]:
    return [place.frame for place in new_among(found, json.loads(json.dumps(to_keep(seen))))]


def test_one_gone_and_one_come_is_one_new() -> None:
    assert news(places(10, 300), places(10, 200)) == [300]


def test_a_line_that_a_new_transcript_moves_by_half_a_second_is_not_new() -> None:
    assert news(places(98, 212), places(110, 200)) == []
    assert news(places(97, 213), places(110, 200)) == [97, 213]


def test_one_kept_place_answers_for_one_hit() -> None:
    assert news(places(100, 104), places(102)) == [104]


def test_a_note_on_another_frame_is_new_and_so_is_the_same_frame_of_another_reel() -> None:
    assert news(places(11, kind="note"), places(10, kind="note")) == [11]
    assert news(places(10, reel=2), places(10)) == [10]
