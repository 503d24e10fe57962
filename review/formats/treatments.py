"""What every stage did to every scene, as a log that goes along where a use asks for it.

An ADJUSTED pixel is only as good as the record of its adjustment: with the scan, the settings and
the numbers here (the gain of each frame, say) anybody can do it again and compare.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from review.formats.edition import DeliveryError, Edition, EditionScene, Treatment, rate_text

NAME = "treatments.json"
SCHEMA = "reelproof/treatments/1"


def write_log(path: Path, edition: Edition) -> Path:
    """Write the log of a reel.

    Returns: `path`.
    Raises: DeliveryError if a record is lost, or is not the one that the manifest names; OSError.
    """
    scan = edition.scan
    told = {
        "schema": SCHEMA,
        "title": edition.title,
        "reel": edition.reel,
        "use": edition.use,
        "version": edition.version,
        "scan_sha256": scan.sha256,
        "rate": rate_text(scan.rate),
        "scenes": [_scene(scene) for scene in edition.scenes],
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return path


def _scene(scene: EditionScene) -> dict[str, Any]:
    return {
        "scene": scene.number,
        "frames": [scene.start_frame, scene.end_frame],
        "treatments": [
            each.as_json() | {"recorded": _recorded(each, scene)} for each in scene.take.treatments
        ],
    }


def _recorded(treatment: Treatment, scene: EditionScene) -> Any:
    """What the stage recorded; None if it recorded nothing."""
    if not treatment.facts_sha256:
        return None
    try:
        written = treatment.facts.read_bytes()
    except FileNotFoundError:
        written = b""
    if hashlib.sha256(written).hexdigest() != treatment.facts_sha256:
        raise DeliveryError(
            f"The record of {treatment.stage} take {treatment.take} of scene {scene.number} "
            f"({treatment.facts.name}) is lost or damaged, so nobody can say how it adjusted the "
            "picture; restore the file from a backup, or make the take again"
        )
    return json.loads(written)
