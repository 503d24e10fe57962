"""Which hint or reference each colour came from: the table of guides, and planes that name them.

Guides are numbered from 1: the hints in the order in which they were given, then the references.
0 is none of them: a guess of the network, or no colour at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import cv2
import numpy as np
import numpy.typing as npt

from restoration.provenance.labels import Guidance, Label, Labels
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.hints import Hint
from restoration.stages.colourise.references import Reference
from restoration.stages.contract import JSON

MOST = 65535
"""Guides of one scene that its map can name."""
_DOUBTS = 32
"""Steps of doubt: finer ones would say more than is known, and make maps twice as large."""


def table_of(hints: Sequence[Hint], references: Sequence[Reference]) -> list[JSON]:
    """`facts["guides"]`: what each number of the map's hint plane stands for."""
    painted = [{"kind": "hint", **asdict(hint), "rgb": list(hint.rgb)} for hint in hints]
    stills = [
        {"kind": "reference", "frame": still.frame, "sha256": still.sha256} for still in references
    ]
    return [{"number": n} | guide for n, guide in enumerate([*painted, *stills], start=1)]


def guidance_of(found: Field, painted_by: npt.NDArray[np.uint16], colour: Labels) -> Guidance:
    """The planes of one frame, at the picture's size.

    Args:
        found: at the size of work; its owners count from 0.
        painted_by: (H, W), number of the hint that a person painted a pixel with, or 0.
        colour: (H, W), the stage's own labels.
    """
    height, width = colour.shape
    owner = cv2.resize(found.owner, (width, height), interpolation=cv2.INTER_NEAREST)
    evidence = cv2.resize(found.evidence, (width, height), interpolation=cv2.INTER_LINEAR)
    hint = np.where(painted_by > 0, painted_by, (owner + 1).astype(np.uint16))
    doubt = np.where(painted_by > 0, 0, 1 - evidence)
    steps = np.rint(np.clip(doubt, 0, 1) * _DOUBTS) * (256 / _DOUBTS)
    added = colour >= Label.HUMAN.value
    return Guidance(
        np.where(added, hint, np.uint16(0)),
        np.where(added, np.minimum(steps, 255), 0).astype(np.uint8),
    )
