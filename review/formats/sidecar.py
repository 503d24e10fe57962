"""What editing formats cannot carry, as JSON beside them: exact, and the same for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from review.formats.edition import Edition, EditionTake, Remark, rate_text
from review.formats.timeline import Gap, Master, Shot, is_drop_frame, reel_timecode, shots

NAME = "timeline.json"
SCHEMA = "reelproof/timeline/1"


def write_sidecar(
    path: Path,
    edition: Edition,
    cannot: Mapping[str, Sequence[str]],
    *,
    master: Master | None = None,
) -> None:
    """Write the whole timeline, and for each file beside it what that file leaves out.

    Args:
        cannot: by the file's name.
    Raises: DeliveryError, OSError.
    """
    told = build_sidecar(edition, cannot, master=master)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def build_sidecar(
    edition: Edition, cannot: Mapping[str, Sequence[str]], *, master: Master | None = None
) -> dict[str, Any]:
    """The same as values. Frames are half-open ranges of the reel."""
    scan, items = edition.scan, list(shots(edition, master))
    return {
        "schema": SCHEMA,
        "title": edition.title,
        "reel": edition.reel,
        "tape": edition.tape,
        "use": edition.use,
        "version": edition.version,
        "policy": edition.policy,
        "rate": rate_text(scan.rate),
        "frames": scan.frames,
        "start_timecode": reel_timecode(edition, 0),
        "start_count": scan.start_count,
        "drop_frame": is_drop_frame(edition),
        "scan": {"address": scan.path.as_uri(), "sha256": scan.sha256},
        "sound": list(scan.audio),
        "totals": edition.totals.as_json(),
        "transcript": edition.spoken.told_of() if edition.spoken else None,
        "scenes": [_scene(edition, item) for item in items if isinstance(item, Shot)],
        "gaps": [
            [item.record, item.record + item.frames] for item in items if isinstance(item, Gap)
        ],
        "files": {name: {"cannot_carry": list(words)} for name, words in cannot.items()},
    }


def _scene(edition: Edition, shot: Shot) -> dict[str, Any]:
    scene, end = shot.scene, shot.record + shot.frames
    media = {
        "address": shot.media.address,
        "sha256": shot.media.sha256,
        "first_frame": shot.at,
    }
    other = scene.other
    return {
        "scene": scene.number,
        "kind": scene.kind,
        "frames": [shot.record, end],
        "timecode": [reel_timecode(edition, shot.record), reel_timecode(edition, end)],
        "media": media,
        "take": _take(scene.take),
        "other_version": _take(other.take) | {"approval": other.decision.as_json()}
        if other
        else None,
        "approvals": [decision.as_json() for decision in scene.approvals],
        "unapproved": scene.unapproved,
        "totals": edition.totals_of(scene),
        "marked": [marked.as_json() for marked in scene.marked],
        "transcript": edition.said_in(scene),
        "guides": list(scene.guides),
        "notes": [_note(remark) for remark in scene.remarks],
    }


def _take(take: EditionTake) -> dict[str, Any]:
    return {
        "version": take.version,
        "stage": take.stage,
        "number": take.number,
        "stages": list(take.stages),
        "address": take.picture.as_uri(),
        "sha256": take.picture_sha256,
        "map_sha256": take.provenance_sha256,
        "manifest_digest": take.digest,
    }


def _note(remark: Remark) -> dict[str, Any]:
    return {
        "frames": [remark.start_frame, remark.end_frame],
        "text": remark.text,
    } | remark.facts()
