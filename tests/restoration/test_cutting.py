"""From cuts to pieces, whatever is found and whatever is kept."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from restoration.cutting import Piece, pieces, splice_frames


@given(
    frames=st.integers(1, 300),
    cuts=st.lists(st.integers(-5, 310), max_size=20),
    edges=st.lists(st.integers(0, 300), max_size=6, unique=True).map(sorted),
)
def test_pieces_and_what_is_kept_cover_every_frame_once(
    frames: int, cuts: list[int], edges: list[int]
) -> None:
    inside = [edge for edge in edges if edge <= frames]
    kept = list(zip(inside[::2], inside[1::2], strict=False))
    made = pieces(frames, {"cuts": cuts}, kept=kept)
    covered = sorted([(piece.start_frame, piece.end_frame) for piece in made] + kept)
    assert covered[0][0] == 0 and covered[-1][1] == frames
    assert all(first[1] == second[0] for first, second in pairwise(covered))
    assert all(start < end for start, end in covered)


@given(cuts=st.lists(st.integers(1, 99), max_size=9))
def test_every_cut_inside_starts_a_piece(cuts: list[int]) -> None:
    starts = {piece.start_frame for piece in pieces(100, {"cuts": cuts})}
    assert starts == {0, *cuts}


def test_a_dissolve_belongs_to_the_scene_that_starts_in_its_middle() -> None:
    first, second = pieces(100, {"cuts": [50], "gradual": [[45, 55]]})
    assert (first.gradual, second.gradual) == (None, [45, 55])


def test_a_start_that_a_person_moves_is_certain_and_no_dissolve() -> None:
    found = Piece(50, 100, confidence=0.6, gradual=[45, 55])
    moved = Piece.of(found, start_frame=52)
    assert (moved.confidence, moved.gradual) == (1.0, None)
    shortened = Piece.of(found, end_frame=90)
    assert (shortened.confidence, shortened.gradual) == (0.6, [45, 55])


def test_a_flash_is_no_splice() -> None:
    marks = [
        {"frame": 9, "kind": "splice"},
        {"frame": 5, "kind": "flash"},
        {"frame": 3, "kind": "jump"},
    ]
    assert splice_frames(marks) == (3, 9)
