"""Fit the weights of `evidence`, `dissolves` and `splices` on reels that `synthesis` makes.

    python -m restoration.stages.cuts.training --data DIR --reels 40

DIR as for the bench; read are `clean_video/`, `talking/grid/` and `stills/` alone. The network's
weights must be there. Takes about five seconds a reel on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from restoration.stages.cuts.dissolves import Dissolve, find_dissolves
from restoration.stages.cuts.evidence import Evidence, fit
from restoration.stages.cuts.measurements import Measurements
from restoration.stages.cuts.splices import splice_features
from restoration.stages.cuts.stage import Params, measure
from restoration.stages.cuts.synthesis import Library, Reel, make_reel

_BESIDE = 3  # frames around a change of shot that are no examples
_LOST = 0.25  # share of the picture
_FIRST_SEED = 300
_SHOTS = 7


def cut_examples(reel: Reel, measured: Measurements) -> list[tuple[Evidence, bool]]:
    """Every boundary that was looked at, and whether there is a cut.

    Left out are gradual changes, and splices over which so little of the picture is carried that
    nobody could tell them from a cut.
    """
    found = []
    for boundary in measured.boundaries:
        frame = boundary.frame
        beside = any(0 < abs(frame - cut) <= _BESIDE for cut in reel.cuts)
        inside = any(a - _BESIDE <= frame <= b + _BESIDE for a, b in reel.gradual)
        joined = any(abs(frame - splice) <= 1 for splice in reel.splices)
        lost = joined and boundary.carried < _LOST
        if frame in reel.cuts or not (beside or inside or lost):
            evidence = Evidence.at(boundary, measured.single, measured.first_frame)
            found.append((evidence, frame in reel.cuts))
    return found


def dissolve_examples(reel: Reel, measured: Measurements) -> list[tuple[Dissolve, bool]]:
    """Every candidate that neither a cut nor a blank frame explains, and whether it is one."""
    found = []
    for each in find_dissolves(measured):
        start, end = each.span
        cut = any(start - 1 <= frame <= end + 2 for frame in reel.cuts)
        blank = any(measured.flat[max(0, start - 3 - measured.first_frame) : end + 3])
        if not cut and not blank:
            true = any(a - 2 <= each.middle <= b + 2 for a, b in reel.gradual)
            found.append((each, true))
    return found


def splice_examples(reel: Reel, measured: Measurements) -> list[tuple[list[float], bool]]:
    """Features of every boundary inside a shot, and whether frames are missing there."""
    borders = [(cut, cut) for cut in reel.cuts] + reel.gradual
    return [
        (splice_features(each), any(abs(each.frame - splice) <= 1 for splice in reel.splices))
        for each in measured.boundaries
        if not any(a - _BESIDE <= each.frame <= b + _BESIDE for a, b in borders)
        and not any(0 <= each.frame - frame <= 1 for frame in reel.foreign)
    ]


def main(data: Path, reels: int) -> None:
    """Make the reels (a quarter of them unspoiled), measure, fit, print."""
    library = Library(data)
    cuts: list[tuple[Evidence, bool]] = []
    dissolves: list[tuple[Dissolve, bool]] = []
    splices: list[tuple[list[float], bool]] = []
    for seed in range(_FIRST_SEED, _FIRST_SEED + reels):
        damage = "none" if seed % 4 == 0 else "mixed"
        reel = make_reel(library, np.random.default_rng(seed), shots=_SHOTS, damage=damage)
        measured, _ = measure(reel.clip, Params(), lambda done, total: None)
        cuts += cut_examples(reel, measured)
        dissolves += dissolve_examples(reel, measured)
        splices += splice_examples(reel, measured)
        sys.stderr.write(f"{seed + 1 - _FIRST_SEED} of {reels} reels\n")
    report(cuts, dissolves, splices)


def report(
    cuts: Sequence[tuple[Evidence, bool]],
    dissolves: Sequence[tuple[Dissolve, bool]],
    splices: Sequence[tuple[list[float], bool]],
) -> None:
    """Fit every set of weights and print them."""
    for kind, found in (("evidence", cuts), ("dissolves", dissolves)):
        right = [true for _, true in found]
        asked = [each.features() for each, _ in found]
        alone = [replace(each, network=None).features() for each, _ in found]
        _fit_and_print(f"{kind}.WITH_NETWORK", asked, right, balanced=True)
        _fit_and_print(f"{kind}.WITHOUT_NETWORK", alone, right, balanced=True)
    rows, right = [row for row, _ in splices], [true for _, true in splices]
    # Splices are rarer than the reels make them, and a false one costs as much as a missed one.
    _fit_and_print("splices.WEIGHTS", rows, right, balanced=False)


def _fit_and_print(
    name: str, rows: Sequence[Sequence[float]], right: Sequence[bool], *, balanced: bool
) -> None:
    weights = fit(rows, right, balanced=balanced)
    scores, true = np.array(rows) @ np.array(weights), np.array(right)
    missed, false = int(((scores <= 0) & true).sum()), int(((scores > 0) & ~true).sum())
    sys.stdout.write(
        f"{name} = {weights}  # of {len(rows)} examples, {true.sum()} true: "
        f"{missed} missed, {false} false\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fit the weights of the evidence for cuts.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reels", type=int, default=40)
    asked = parser.parse_args()
    main(asked.data, asked.reels)
