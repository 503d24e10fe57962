"""What speaks for a fade between two scenes, out of what stands on both sides of blank frames.

Weights: fitted by `training` on fades, irises and cuts into black, and on what is no change of
scene: fades back to the same shot, lights that go out, something that covers the lens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restoration.stages.cuts.blanks import Passage
from restoration.stages.cuts.evidence import Weights, log_odds, probability
from restoration.stages.cuts.gradual import Fade, find_fades
from restoration.stages.cuts.measurements import Measurements

_BESIDE = 3
_FEW = 3  # blank frames
_HOLDS = 0.7  # of the correlation of fading frames with fuller ones
_UNKNOWN = Passage(None, 0.5, None)


@dataclass(frozen=True, slots=True)
class FadeEvidence:
    """What was measured around blank frames; network: the highest of its second head there."""

    passage: Passage
    network: float | None

    @classmethod
    def of(cls, fade: Fade, measured: Measurements) -> FadeEvidence:
        # Cleaning may have taken blank frames for foreign ones at either end of the passage.
        near = range(fade.blank[0], fade.blank[1] + _BESIDE + 1)
        found = [measured.passages[frame] for frame in near if frame in measured.passages]
        passage = found[-1] if found else _UNKNOWN
        inside = slice(fade.start - measured.first_frame, fade.end + 1 - measured.first_frame)
        network = None
        if measured.every is not None:
            network = float(measured.every[inside].max(initial=0.0))
        return cls(passage, network)

    def confidence(self, strictness: float = 1.0) -> float:
        """Probability that one scene fades into another, 0 to 1; strictness as for `Evidence`."""
        weights = WITHOUT_NETWORK if self.network is None else WITH_NETWORK
        return probability(weights, self.features(), strictness)

    def features(self) -> list[float]:
        """Constant, ranks across, what motion loses, how the structure holds, network's log odds.

        All but the constant speak for a fade the larger they are.
        """
        across, held = self.passage.across, self.passage.held
        found = [
            1.0,
            0.0 if across is None else float(np.log(max(across, 3.0) / 30.0)),
            0.0 if across is None else log_odds(1.0 - self.passage.carried, 0.05),
            0.0 if held is None else log_odds(held, 0.05),
        ]
        if self.network is not None:
            found.append(log_odds(self.network, 0.01))
        return found

    def told(self) -> dict[str, float | None]:
        """What the facts of the stage say of it."""
        across, held = self.passage.across, self.passage.held
        return {
            "network": None if self.network is None else round(self.network, 3),
            "ranks": None if across is None else round(across, 1),
            "motion": round(self.passage.carried, 3),
            "held": None if held is None else round(held, 3),
        }


def is_firm(fade: Fade, measured: Measurements) -> bool:
    """Whether no cut can lie there: the blank frames are too many for damage, the picture is seen
    to fade, or one scene stands on both sides.
    """
    evidence = FadeEvidence.of(fade, measured)
    across, held = evidence.passage.across, evidence.passage.held
    if fade.blank[1] - fade.blank[0] > _FEW or (held is not None and held > _HOLDS):
        return True
    return across is not None and evidence.confidence() < 0.5


def true_fades(measured: Measurements) -> list[Fade]:
    """Passages through blank frames, without the single ones that are damage inside a shot."""
    foreign = {flash.frame for flash in measured.flashes}
    return [
        fade
        for fade in find_fades(measured.first_frame, measured.spreads, measured.flat)
        if fade.blank[0] not in foreign and (fade.end - fade.start >= 3)
    ]


WITH_NETWORK: Weights = (-0.325, 0.291, 0.719, 0.232, 0.021)
WITHOUT_NETWORK: Weights = (-0.274, 0.3, 0.719, 0.24)
