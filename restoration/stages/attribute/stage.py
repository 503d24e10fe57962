"""The stage `attribute`: faces, moving lips, speech and voices of a reel, measured once.

Who speaks which line is decided from that in an instant (`deciding.decide`), and again whenever a
line is corrected or a face is named; it needs no other run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from restoration.stages.contract import Clip, Outcome, Progress, Stage, StageError
from restoration.stages.memory import taking
from restoration.weights import find

SEEING = ("mtcnn", "face-mesh")
TELLING_APART = ("face-dlib", "voice-ge2e")
"""Weights: to find faces and lips, and to tell people apart."""


@dataclass(frozen=True, slots=True)
class Params:
    every: int = 8
    """Frames from one detection of faces to the next; between, they are followed."""
    biometrics: bool = True
    """Tell faces and voices apart; without, lips are still read, and nobody is named."""
    photographs: list[dict[str, Any]] = field(default_factory=list)
    """Of the cast, by which people are named: `character` (a number) and `sha256` of each."""

    def __post_init__(self) -> None:
        if not 1 <= self.every <= 50:
            raise ValueError(f"every is from 1 to 50 frames, not {self.every}")
        for entry in self.photographs:
            if not isinstance(entry, dict) or not {"character", "sha256"} <= set(entry):
                raise ValueError(f"photographs have a character and a sha256 each, not {entry!r}")


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Measure the whole clip, which has to have sound."""
    need_weights(weights_of(params))
    # Every command knows every stage: the networks are loaded by those that use them.
    from restoration.stages.attribute.measuring import measure
    from restoration.stages.attribute.photographs import embed_photographs
    from restoration.stages.attribute.record import as_json

    reel = measure(clip, progress, every=params.every, biometrics=params.biometrics)
    facts = as_json(reel)
    if params.biometrics and params.photographs:
        gallery, unused = embed_photographs(params.photographs)
        facts["biometrics"] = facts["biometrics"] | {"gallery": gallery}
        facts["photographs_not_used"] = unused
    return Outcome(facts=facts)


def weights_of(params: Params) -> Sequence[str]:
    """Names in weights.toml."""
    return SEEING + (TELLING_APART if params.biometrics else ())


def need_weights(names: Sequence[str]) -> None:
    """Raises: StageError naming every file of weights that is missing, and how to fetch them."""
    missing = [name for name in names if find(name).state() == "missing"]
    if missing:
        raise StageError(
            f"attribute lacks the weights {', '.join(missing)}; fetch them with: "
            f"python -m restoration weights fetch {' '.join(missing)}"
        )


STAGE = Stage(
    name="attribute",
    version="1",
    queue="cpu",
    makes="findings",
    params=Params,
    run=run,
    memory=taking(1500),
    weights=weights_of,
)
"""Who is on screen, whose lips move with the speech, and whose voice it may be."""
