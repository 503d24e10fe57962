"""Fit the weights of every confidence on reels that `synthesis` and its neighbours make.

    python -m restoration.stages.cuts.training --data DIR --reels 40

DIR as for the bench; read are `clean_video/`, `talking/grid/` and `stills/` alone. The network's
weights must be there. Takes about ten seconds a reel on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from restoration.stages.cuts.dissolves import Dissolve
from restoration.stages.cuts.evidence import Evidence, fit
from restoration.stages.cuts.examples import (
    Rows,
    cut_examples,
    dissolve_examples,
    fade_examples,
    flash_examples,
    repeat_examples,
    splice_examples,
    title_examples,
)
from restoration.stages.cuts.fades import FadeEvidence
from restoration.stages.cuts.stage import Params, measure
from restoration.stages.cuts.synthesis import Library, Reel, make_reel
from restoration.stages.cuts.synthesis_blanks import Blank, make_blank_reel
from restoration.stages.cuts.synthesis_splices import make_splice_reel

_FIRST_SEED = 300
_SHOTS = 7
_TITLES = 600


@dataclass(slots=True)
class Examples:
    """Of each kind of evidence what was measured, and whether it is what it looks like."""

    cuts: list[tuple[Evidence, bool]] = field(default_factory=list)
    dissolves: list[tuple[Dissolve, bool]] = field(default_factory=list)
    fades: list[tuple[FadeEvidence, bool]] = field(default_factory=list)
    splices: Rows = field(default_factory=list)
    flashes: Rows = field(default_factory=list)
    repeats: Rows = field(default_factory=list)
    titles: Rows = field(default_factory=list)

    def add(self, reel: Reel) -> None:
        measured, _ = measure(reel.clip, Params(), lambda done, total: None)
        self.cuts += cut_examples(reel, measured)
        self.dissolves += dissolve_examples(reel, measured)
        self.flashes += flash_examples(reel, measured)
        self.repeats += repeat_examples(reel, measured)

    def add_splices(self, reel: Reel) -> None:
        measured, _ = measure(reel.clip, Params(network=False), lambda done, total: None)
        self.splices += splice_examples(reel, measured)

    def add_blanks(self, reel: Reel, blanks: Sequence[Blank]) -> None:
        measured, _ = measure(reel.clip, Params(), lambda done, total: None)
        self.fades += fade_examples(blanks, measured)
        self.flashes += flash_examples(
            replace(reel, gradual=[(b.start, b.end) for b in blanks]), measured
        )


def main(data: Path, reels: int) -> None:
    """Make the reels (a quarter of them unspoiled), measure, fit, print."""
    library = Library(data)
    found = Examples()
    for seed in range(_FIRST_SEED, _FIRST_SEED + reels):
        damage = "none" if seed % 4 == 0 else "mixed"
        found.add(make_reel(library, np.random.default_rng(seed), shots=_SHOTS, damage=damage))
        found.add_splices(make_splice_reel(library, np.random.default_rng(seed), damage=damage))
        found.add_blanks(*make_blank_reel(library, np.random.default_rng(seed)))
        sys.stderr.write(f"{seed + 1 - _FIRST_SEED} of {reels} reels\n")
    for looks, is_card in title_examples(library, _TITLES, np.random.default_rng(_FIRST_SEED)):
        found.titles += [(list(each), is_card) for each in looks[:: len(looks) - 1]]
    report(found)


def report(found: Examples) -> None:
    """Fit every set of weights and print them."""
    for kind, examples in (
        ("evidence", found.cuts),
        ("dissolves", found.dissolves),
        ("fades", found.fades),
    ):
        right = [true for _, true in examples]
        asked = [each.features() for each, _ in examples]
        alone = [replace(each, network=None).features() for each, _ in examples]
        _fit_and_print(f"{kind}.WITH_NETWORK", asked, right, balanced=True)
        _fit_and_print(f"{kind}.WITHOUT_NETWORK", alone, right, balanced=True)
    # Splices are much rarer than the reels make them, so a false one counts more than a missed one.
    for kind, rows, balanced, false_counts in (
        ("splices", found.splices, False, 1.5),
        ("flashes", found.flashes, False, 1.0),
        ("duplicates", found.repeats, False, 1.0),
        ("titles", found.titles, True, 1.0),
    ):
        right, asked = [true for _, true in rows], [row for row, _ in rows]
        name = f"{kind}.WEIGHTS"
        _fit_and_print(name, asked, right, balanced=balanced, false_counts=false_counts)


def _fit_and_print(
    name: str,
    rows: Sequence[Sequence[float]],
    right: Sequence[bool],
    *,
    balanced: bool,
    false_counts: float = 1.0,
) -> None:
    weights = fit(rows, right, balanced=balanced, false_counts=false_counts)
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
