"""The restoration stages, in the order in which they are run."""

from __future__ import annotations

from restoration.stages.attribute.stage import STAGE as ATTRIBUTE
from restoration.stages.colourise.stage import STAGE as COLOURISE
from restoration.stages.contract import Stage, StageError
from restoration.stages.cuts.stage import STAGE as CUTS
from restoration.stages.deflicker.stage import STAGE as DEFLICKER
from restoration.stages.deinterlace.stage import STAGE as DEINTERLACE
from restoration.stages.denoise.stage import STAGE as DENOISE
from restoration.stages.grade.stage import STAGE as GRADE
from restoration.stages.repair.stage import STAGE as REPAIR
from restoration.stages.stabilise.stage import STAGE as STABILISE
from restoration.stages.transcribe.stage import STAGE as TRANSCRIBE
from restoration.stages.upscale.stage import STAGE as UPSCALE

STAGES: tuple[Stage, ...] = (
    CUTS,
    TRANSCRIBE,
    ATTRIBUTE,
    DEINTERLACE,
    DEFLICKER,
    REPAIR,
    DENOISE,
    COLOURISE,
    GRADE,
    STABILISE,
    UPSCALE,
)
"""What moves the picture comes last: what people draw on a scene is placed in the scan's own
pixels."""
MOVES = frozenset({STABILISE.name, UPSCALE.name})
"""After these a pixel is no longer the one that stood in its place."""


def find_stage(name: str) -> Stage:
    """The stage of that name.

    Raises: StageError listing the stages there are.
    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    known = ", ".join(stage.name for stage in STAGES)
    raise StageError(f"there is no stage called {name!r}; there are: {known}")
