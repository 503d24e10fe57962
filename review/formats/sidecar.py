"""What editing formats cannot carry, as JSON beside them: exact, and the same for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from review.formats.edition import EditionTake, Remark, rate_text
from review.formats.timeline import (
    Gap,
    Part,
    Shot,
    Timeline,
    is_drop,
    reel_timecode,
)

NAME = "timeline.json"
SCHEMA = "reelproof/timeline/1"


def write_sidecar(path: Path, timeline: Timeline, cannot: Mapping[str, Sequence[str]]) -> None:
    """Write the whole timeline, and for each file beside it what that file leaves out.

    Args:
        cannot: by the file's name.
    Raises: OSError.
    """
    told = build_sidecar(timeline, cannot)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def build_sidecar(timeline: Timeline, cannot: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The same as values: of one reel, or of several each in `reels` with where it begins.

    Frames are half-open ranges of the reel; `record` are those of the timeline.
    """
    files = {name: {"cannot_carry": list(words)} for name, words in cannot.items()}
    if not timeline.is_of_title:
        part = timeline.parts[0]
        return {"schema": SCHEMA} | _reel(timeline, part) | {"files": files}
    return {
        "schema": SCHEMA,
        "title": timeline.first.title,
        "use": timeline.first.use,
        "rate": rate_text(timeline.rate),
        "frames": timeline.frames,
        "start_timecode": timeline.timecode(0),
        "start_count": timeline.start_count,
        "drop_frame": timeline.is_drop_frame,
        "reels": [
            _reel(timeline, part) | {"record": _record(timeline, part)} for part in timeline.parts
        ],
        "files": files,
    }


def _record(timeline: Timeline, item: Shot | Gap | Part) -> dict[str, Any]:
    """Where an item lies: its nearest frames, and how far its exact edges are beyond them."""
    first, end = timeline.span(item)
    exact = (item.starts * timeline.rate, item.ends * timeline.rate)
    return {
        "frames": [first, end],
        "seconds": [rate_text(item.starts), rate_text(item.ends)],
        "remainder": [
            rate_text(edge - whole) for edge, whole in zip(exact, (first, end), strict=True)
        ],
    }


def _reel(timeline: Timeline, part: Part) -> dict[str, Any]:
    edition, scan = part.edition, part.edition.scan
    return {
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
        "drop_frame": is_drop(scan.start_timecode, scan.rate),
        "scan": {"address": scan.path.as_uri(), "sha256": scan.sha256},
        "sound": list(scan.audio),
        "totals": edition.totals.as_json(),
        "transcript": edition.spoken.told_of() if edition.spoken else None,
        "scenes": [_scene(timeline, part, shot) for shot in part.shots],
        "gaps": [
            [item.record, item.record + item.frames] for item in part.items if isinstance(item, Gap)
        ],
    }


def _scene(timeline: Timeline, part: Part, shot: Shot) -> dict[str, Any]:
    edition, scene, end = part.edition, shot.scene, shot.record + shot.frames
    media = {
        "address": shot.media.address,
        "sha256": shot.media.sha256,
        "first_frame": shot.at,
        "rate": rate_text(shot.media.rate),
    }
    other = scene.other
    return {
        "scene": scene.number,
        "kind": scene.kind,
        "frames": [shot.record, end],
        "timecode": [reel_timecode(edition, shot.record), reel_timecode(edition, end)],
        "record": _record(timeline, shot),
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
        "treatments": [each.as_json() for each in take.treatments],
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
