"""The bench scores what it says: peers in their known order, and bars that can fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restoration.imaging.colour import ciede2000
from restoration.stages.colourise.bench_bars import judge
from restoration.stages.colourise.bench_stills import (
    Still,
    colourfulness,
    draw_points,
    free_of,
    measure_stills,
)
from restoration.stages.colourise.peers import LumaPrior, levin, mean_of_hints, plain_rbf
from restoration.stages.colourise.spread import spread_points


def still() -> Still:
    """Two halves, light and dark, each of one colour."""
    rgb = np.zeros((48, 48, 3), np.uint8)
    rgb[:, :24], rgb[:, 24:] = (180, 120, 90), (40, 70, 110)
    return Still.of(Path("halves.png"), rgb)


def test_every_way_that_heeds_luma_keeps_two_halves_apart() -> None:
    picture = still()
    points = draw_points(picture, 10, 0)
    for method in (plain_rbf, levin):
        made = np.dstack([picture.lightness, method(picture.lightness, points)])
        error = ciede2000(made.astype(np.float32), picture.lab)
        assert np.median(error) < 3, method.__name__
    mean = np.dstack([picture.lightness, mean_of_hints(picture.lightness, points)])
    assert np.median(ciede2000(mean.astype(np.float32), picture.lab)) > 5


def test_figures_leave_hints_out_and_a_bar_that_is_missed_says_so() -> None:
    picture = still()
    assert free_of(draw_points(picture, 1, 0), (48, 48)).sum() == 48 * 48 - 36

    def ours(light: np.ndarray, points: list) -> tuple[np.ndarray, np.ndarray]:
        spread = spread_points(light, list(points))
        return spread.ab, spread.certainty

    prior = LumaPrior([picture.lab])
    table = measure_stills([picture], {"spread": ours}, prior, (0, 1, 10, 100), 1)
    assert table["spread"]["10"]["mean"] < table["grey"]["10"]["mean"]
    assert table["luma prior"]["0"]["mean"] < 0.5  # it was given this very picture
    assert colourfulness(np.full((4, 4, 3), 90)) == 0
    report = {
        "at_256": table,
        "at_480": table,
        "clips": {
            "methods": {
                name: {"psnr": 30.0, "flicker_ratio": 2.0, "last": 1.0, "drift": 0.0}
                for name in ("spread", "flow alone", "flow from spread")
            },
            "leak": {"spread": {"forward": 0.0, "backward": 0.2}},
        },
        "obedience": {
            "spread": dict.fromkeys(("hint_mean", "hint_max", "human_astray", "lightness_off"), 0)
        },
        "greys_given_back": True,
    }
    bars = {bar["bar"]: bar["met"] for bar in judge(report, "spread")}
    assert not bars["clips: chroma flicker ratio"] and not bars["leak backward across a hidden cut"]
    assert bars["leak forward across a hidden cut"] and bars["clips: drift in 24 frames"]
