"""Does the sound of a reel belong to its pictures, and how far apart are they? PURE.

Before any mouth is believed, all lines of the reel are asked together: at which offset of sound and
picture do lips fit? A film that was dubbed or post-synchronised has none, and then lips are no
evidence at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.stages.attribute.lips import REACH, Lips
from restoration.stages.attribute.measured import STEPS

Floats64 = npt.NDArray[np.float64]

_NOT_THIS = 0.4
"""How often somebody whose mouth moves while a line is heard does not speak it."""
_IN_STEP = 0.62
"""How probable it is, before anything is seen, that a reel's sound is in step within a frame."""
_OFF = 0.33
"""That it is off by up to a second; the rest: that lips do not fit at all."""
_NEAR = 1
"""Steps that count as in step, and as one offset."""
STANDS_OUT = 0.75
"""Probability of one offset below which lips are no evidence."""


@dataclass(frozen=True, slots=True)
class Synchrony:
    """What all lines of a reel together say."""

    offset: float
    """Steps by which the picture is later than the sound."""
    certainty: float
    """Probability that lips fit there, from 0 to 1."""
    weights: tuple[float, ...]
    """Probability of each offset from -REACH on; what is missing to 1: that none fits."""
    moving: int
    """Lines in which some face on screen moved its mouth."""

    @property
    def stands_out(self) -> bool:
        return self.certainty >= STANDS_OUT

    @property
    def said(self) -> str:
        """For people."""
        if not self.moving:
            return "nobody on screen moves their lips while somebody speaks"
        if not self.stands_out:
            return (
                "post-synchronised, or dubbed: no offset of sound and picture lets lips and speech "
                "fit, so lips name nobody"
            )
        late = 1000 * self.offset / STEPS
        way = "later" if late > 0 else "earlier"
        away = "in step" if abs(late) <= 50 else f"the picture {abs(late):.0f} ms {way}"
        return f"lips and speech fit: {away}"


def synchrony(lines: Sequence[Sequence[Lips]]) -> Synchrony:
    """Of the faces on screen in each line."""
    prior = _prior()
    total = np.log(prior)
    moving = 0
    for faces in lines:
        seen = [face for face in faces if not face.is_still]
        if not seen:
            continue
        moving += 1
        total = total + line_evidence(seen)
    nothing = np.log(1 - prior.sum())
    top = max(float(total.max()), float(nothing))
    shares = np.exp(total - top)
    whole = float(shares.sum() + np.exp(nothing - top))
    weights = shares / whole
    best = int(np.argmax(np.convolve(weights, np.ones(2 * _NEAR + 1), mode="same")))
    near = slice(max(0, best - _NEAR), best + _NEAR + 1)
    mass = float(weights[near].sum())
    offset = float((weights[near] @ np.arange(-REACH, REACH + 1)[near]) / max(mass, 1e-12))
    return Synchrony(offset, mass if moving else 0.0, tuple(weights.tolist()), moving)


def line_evidence(faces: Sequence[Lips]) -> Floats64:
    """Natural logarithm of how much more probable a line is at each offset than if none fits."""
    on_screen = _on_screen(faces)
    each = np.exp(np.stack([face.likelihood for face in faces]))
    return np.asarray(np.log(1 - on_screen + on_screen * each.mean(axis=0)), np.float64)


def speaking(faces: Sequence[Lips], weights: Sequence[float]) -> list[float]:
    """How probable it is of each face that it speaks the line, over all offsets."""
    if not faces:
        return []
    on_screen = _on_screen(faces)
    moving = max(1, sum(not face.is_still for face in faces))
    each = np.exp(np.stack([face.likelihood for face in faces])) * on_screen / moving
    shares = each / (1 - on_screen + each.sum(axis=0))
    return [float(value) for value in shares @ np.asarray(weights)]


def _on_screen(faces: Sequence[Lips]) -> float:
    """How probable it is that one of them speaks, by how many move their mouths."""
    return 1 - _NOT_THIS ** max(1, sum(not face.is_still for face in faces))


def _prior() -> Floats64:
    offsets = np.abs(np.arange(-REACH, REACH + 1))
    near = offsets <= _NEAR
    return np.asarray(np.where(near, _IN_STEP / near.sum(), _OFF / (~near).sum()), np.float64)
