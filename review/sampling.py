"""Which scenes are looked at one by one before the rest is approved with them. PURE."""

from __future__ import annotations

from collections.abc import Sequence

EVERY, MOST = (2, 20), (1, 20)
"""The least and the largest that a rule may name."""


def sample(shares: Sequence[float], *, every: int, most: int) -> list[int]:
    """Places of the scenes to look at, ascending.

    Args:
        shares: the machine-made share of each scene, in the order of the reel.
        every: the first scene and every so many after it.
        most: and so many with the largest shares; of equal ones the earlier.

    Raises: ValueError for a rule that would look at too little, or is none.
    """
    if not EVERY[0] <= every <= EVERY[1]:
        raise ValueError(f"look at every {EVERY[0]} to {EVERY[1]} scenes, not every {every}")
    if not MOST[0] <= most <= MOST[1]:
        raise ValueError(f"look at the {MOST[0]} to {MOST[1]} most synthesised, not at {most}")
    largest = sorted(range(len(shares)), key=lambda place: (-shares[place], place))[:most]
    return sorted({*range(0, len(shares), every), *largest})


def rule_in_words(every: int, most: int) -> str:
    return f"every {every}{_ending(every)} scene and the {most} with most synthesised"


def _ending(number: int) -> str:
    return {1: "st", 2: "nd", 3: "rd"}.get(number if number < 4 else 0, "th")
