"""Fit the weights of `evidence` on reels that `synthesis` makes, and print them.

    python -m restoration.stages.cuts.training --data DIR --reels 48

DIR as for the bench; read are `clean_video/`, `talking/grid/` and `stills/` alone. The network's
weights must be there. Takes about five seconds a reel on one core.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from restoration.stages.cuts.evidence import Evidence, fit
from restoration.stages.cuts.measurements import Measurements
from restoration.stages.cuts.stage import Params, measure
from restoration.stages.cuts.synthesis import Library, Reel, make_reel

_BESIDE = 3  # frames around a change of shot that are no examples


def examples(reel: Reel, measured: Measurements) -> list[tuple[Evidence, bool]]:
    """Every boundary that was looked at, and whether there is a cut; gradual changes left out."""
    found = []
    for boundary in measured.boundaries:
        frame = boundary.frame
        beside = any(0 < abs(frame - cut) <= _BESIDE for cut in reel.cuts)
        inside = any(a - _BESIDE <= frame <= b + _BESIDE for a, b in reel.gradual)
        if frame in reel.cuts or not (beside or inside):
            evidence = Evidence.at(boundary, measured.single, measured.first_frame)
            found.append((evidence, frame in reel.cuts))
    return found


def main(data: Path, reels: int) -> None:
    """Make the reels (a quarter of them unspoiled), measure, fit, print."""
    library = Library(data)
    found: list[tuple[Evidence, bool]] = []
    for seed in range(reels):
        damage = "none" if seed % 4 == 0 else "mixed"
        reel = make_reel(library, np.random.default_rng(seed), damage=damage)
        measured, _ = measure(reel.clip, Params(), lambda done, total: None)
        found += examples(reel, measured)
        sys.stderr.write(f"{seed + 1} of {reels} reels, {len(found)} examples\n")
    right = [cut for _, cut in found]
    for name, asked in (("WITH_NETWORK", True), ("WITHOUT_NETWORK", False)):
        rows = [(each if asked else replace(each, network=None)).features() for each, _ in found]
        weights = fit(rows, right)
        scores = np.array(rows) @ np.array(weights)
        wrong = int(((scores > 0) != np.array(right)).sum())
        sys.stdout.write(f"{name} = {weights}  # {wrong} of {len(rows)} wrong\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fit the weights of the evidence for cuts.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reels", type=int, default=48)
    asked = parser.parse_args()
    main(asked.data, asked.reels)
