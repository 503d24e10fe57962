"""A transcript with its speakers. PURE: whisper-timestamped's document in, and out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restoration.stages.attribute.deciding import Decided, Decision


def with_speakers(document: Mapping[str, Any], decided: Decided) -> dict[str, Any]:
    """The document with `speaker`, `speaker_confidence` and `evidence` at every segment and word.

    `speaker` is a name, or null; `attribution` says whether that is `unknown`, `off screen` or
    `unnamed` (a face speaks that has no name). Attributions are machine-made, and say so.
    """
    segments = [
        _segment(segment, decision)
        for segment, decision in zip(document["segments"], decided.lines, strict=True)
    ]
    together = decided.synchrony
    return {
        **document,
        "segments": segments,
        "synchrony": {
            "said": together.said,
            "offset_ms": round(40 * together.offset) if together.stands_out else None,
            "certainty": round(together.certainty, 3),
            "lines_with_moving_lips": together.moving,
            "post_synchronised": bool(together.moving and not together.stands_out),
        },
    }


def _segment(segment: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    told = {
        "speaker": decision.speaker,
        "speaker_confidence": decision.confidence,
        "attribution": decision.state,
        "attribution_label": "MACHINE",
        "evidence": dict(decision.evidence),
    }
    words = [{**word, **told} for word in segment.get("words") or ()]
    return {**segment, **told, "words": words}
