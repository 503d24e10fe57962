"""A coloured still of the same things, elsewhere in time or taken otherwise, gives colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.imaging.colour import Lab, to_lab
from restoration.stages.colourise.kriging import krige, looks_at, looks_of
from restoration.stages.colourise.references import points_from
from restoration.stages.colourise.spread import Point, spread_points
from tests.restoration.stages.films import scenery

CLOTHS = ((170, 60, 50), (60, 90, 170), (70, 140, 70), (180, 150, 60))


def costume(seed: int = 3) -> np.ndarray:
    """Four cloths of other weaves beside each other. (200, 320, 3), sRGB in [0, 1]."""
    light = scenery(seed).astype(np.float32)
    rows, columns = np.indices(light.shape, np.float32)
    weaves = (np.sin(rows * 0.9), np.sin(columns * 0.7), np.sin((rows + columns) * 0.5),
              np.sin(rows * 0.5) * np.sin(columns * 0.5))  # fmt: skip
    made = np.empty((*light.shape, 3), np.float32)
    for number, (cloth, weave) in enumerate(zip(CLOTHS, weaves, strict=True)):
        part = slice(number * 80, number * 80 + 80)
        shade = 0.6 + 0.5 * light[:, part] + 0.12 * weave[:, part]
        made[:, part] = shade[..., None] * np.float32(cloth) / 255
    return np.clip(made, 0, 1)


def otherwise(picture: np.ndarray) -> Lab:
    """The same taken mirrored, turned, larger, darker and with other tones."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1.15)
    taken = cv2.warpAffine(np.ascontiguousarray(picture[:, ::-1]), turn, (width, height),
                           borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    return to_lab((0.85 * taken**1.2).astype(np.float32))


def off(points: list[Point], truth: Lab) -> np.ndarray:
    """Distance of each point's a and b from the truth at its place."""
    return np.array([np.hypot(*(truth[round(p.y), round(p.x), 1:] - (p.a, p.b))) for p in points])


def test_another_photograph_of_the_same_cloths_tells_which_is_which() -> None:
    truth = to_lab(costume())
    points = points_from(otherwise(costume()), truth[..., 0].copy())
    assert len(points) > 60
    unmatched = np.hypot(*np.moveaxis(truth[..., 1:] - truth[..., 1:].mean(axis=(0, 1)), -1, 0))
    assert np.median(off(points, truth)) < 0.4 * np.median(unmatched)


def test_the_frame_itself_painted_elsewhere_is_laid_over_and_not_doubted() -> None:
    truth = to_lab(costume())
    points = points_from(truth, truth[..., 0].copy())
    assert np.median(off(points, truth)) < 1 and all(point.doubt == 0 for point in points)


@pytest.mark.slow
def test_a_still_of_other_things_is_doubted_more_than_one_of_the_same() -> None:
    frame = to_lab(costume())[..., 0].copy()
    noise = cv2.GaussianBlur(np.random.default_rng(4).random((200, 320, 3), np.float32), (0, 0), 2)
    strange = to_lab(np.clip(0.5 + 4 * (noise - 0.5), 0, 1).astype(np.float32))
    known, unknown = points_from(otherwise(costume()), frame), points_from(strange, frame)
    assert len(unknown) < len(known) or np.median([p.doubt for p in unknown]) > 2 * np.median(
        [p.doubt for p in known]
    )


def test_a_doubtful_point_yields_to_one_that_a_person_painted() -> None:
    light = np.full((60, 60), 50, np.float32)
    painted = Point(20.0, 20.0, 50.0, 40.0, 0.0)
    doubted = Point(20.0, 24.0, 50.0, -40.0, 0.0, doubt=300.0)
    made = spread_points(light, [painted, doubted])
    assert made.ab[20, 24, 0] > 20 and made.nearest[20, 24] == 0
    alone = spread_points(light, [doubted])
    assert alone.certainty[20, 24] < 0.5 < made.certainty[20, 20]


def test_two_hints_beside_each_other_are_not_counted_twice() -> None:
    light = np.full((80, 80), 50, np.float32)
    looks = looks_of(light, 80.0)
    red, blue = (20.0, 40.0, 30.0, 0.0), (60.0, 40.0, -30.0, 0.0)

    def middle(places: list[tuple[float, float, float, float]]) -> float:
        y, x, a, b = (list(part) for part in zip(*places, strict=True))
        hints = looks_at(looks, y, x, [50.0] * len(y), 80.0)
        colours = np.array([a, b], np.float32).T
        ab, _ = krige(looks, hints, colours, np.zeros(len(y), np.float32))
        return float(ab[40, 40, 0])

    once = middle([red, blue])
    thrice = middle([red, (20.0, 41.0, 30.0, 0.0), (20.0, 39.0, 30.0, 0.0), blue])
    assert once == pytest.approx(0, abs=0.5) and abs(thrice) < 3
