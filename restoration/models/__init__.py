"""What we do to it: scenes, the runs of stages on them, and the takes those made."""

from restoration.models.border import BorderFinding, Verdict
from restoration.models.cast import (
    Attribution,
    Biometric,
    Character,
    FaceTrack,
    Naming,
    Photograph,
    Recognition,
)
from restoration.models.colour import (
    ColourCorrection,
    ColourReference,
    Hint,
    Palette,
    PaletteEntry,
)
from restoration.models.glossary import GlossaryTerm
from restoration.models.quota import CollectionQuota
from restoration.models.repair import ProtectedRegion, RepairDecision
from restoration.models.run import StageRun, Worker
from restoration.models.scene import Scene
from restoration.models.scene_edit import SceneEdit
from restoration.models.take import Take
from restoration.models.transcript import Transcript, TranscriptCorrection, TranscriptLine

__all__ = [
    "Attribution",
    "Biometric",
    "BorderFinding",
    "Character",
    "CollectionQuota",
    "ColourCorrection",
    "ColourReference",
    "FaceTrack",
    "GlossaryTerm",
    "Hint",
    "Naming",
    "Palette",
    "PaletteEntry",
    "Photograph",
    "ProtectedRegion",
    "Recognition",
    "RepairDecision",
    "Scene",
    "SceneEdit",
    "StageRun",
    "Take",
    "Transcript",
    "TranscriptCorrection",
    "TranscriptLine",
    "Verdict",
    "Worker",
]
