"""A drawing is checked before it is kept: kinds, points, size; nothing of it can do harm."""

from __future__ import annotations

import pytest

from review.drawings import DrawingRefused, Shape, in_words, parse, patches


def test_points_beyond_the_picture_are_moved_to_its_edge():
    (shape,) = parse([{"kind": "arrow", "points": [[-5, 3], [900, 900]]}], width=64, height=48)
    assert shape.points == ((0, 3), (63, 47))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"kind": "pen"}, "a list of shapes"),
        ([{"kind": "pen"}], "a shape is"),
        ([{"kind": ["pen"], "points": []}], "one of pen"),
        ([{"kind": "box", "points": [[1, 1]]}], "has 2 points, not 1"),
        ([{"kind": "region", "points": [[1, 1], [2, 2]]}], "3 to 200 points"),
        ([{"kind": "pen", "points": [[1, 1]] * 501}], "1 to 500 points"),
        ([{"kind": "pen", "points": [[1.5, 1]]}], "whole pixels"),
        ([{"kind": "pen", "points": [[True, 1]]}], "whole pixels"),
        ([{"kind": "pen", "points": [[1, 1]], "colour": "red;x:url(y)"}], "written like #b0523a"),
        ([{"kind": "pen", "points": [[1, 1]], "onclick": "x"}], "nothing else"),
        ([{"kind": "pen", "points": [[1, 1]]}] * 41, "at most 40"),
    ],
)
def test_what_is_no_drawing_is_refused_in_words(value, words):
    with pytest.raises(DrawingRefused, match=words):
        parse(value, width=64, height=48)


@pytest.mark.parametrize("kind", ["pen", "arrow", "box", "region"])
def test_patches_are_few_and_never_none(kind):
    points = {"pen": ((3, 3), (40, 40)), "region": ((2, 2), (60, 4), (30, 40))}
    side, places = patches(Shape(kind, points.get(kind, ((5, 5), (7, 6))), "#ffffff"))
    assert side >= 1 and 1 <= len(places) <= 150


def test_words():
    assert in_words([Shape("box", ((1, 1), (2, 2)))] * 2 + [Shape("pen", ((1, 1),))]) == (
        "1 pen stroke, 2 boxes"
    )
