"""What a deliverable says of itself, for whoever holds it and has no access to the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review.formats.edition import Edition, EditionScene, rate_text
from review.formats.mp4 import ViewingCopy
from review.formats.signed import NOBODY, Signed
from review.frame_ranges import listed

NAME = "record.json"
SCHEMA = "reelproof/delivery/1"
LOSSY = (
    "{} is compressed with loss: no pixel in it is ORIGINAL. The labels and totals here "
    "are those of the takes that it shows."
)
AS_RESTORED = (
    "Scenes {} leave as they were restored, without invented colour. Where their takes are of "
    "another pixel format they were converted without loss: what was ORIGINAL is ADJUSTED here."
)
VARIABLE = (
    "The scan has a variable frame rate: here its frames follow each other evenly, at the nominal "
    "rate, so that its sound may run apart from them."
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who let a deliverable leave, when, and how far the chains of events had come."""

    by: str
    made: str
    """ISO 8601."""
    chain_heads: dict[str, Any]
    expires: str = ""
    """The first day on which it may no longer be used, ISO 8601; empty: it may for good."""


def build_record(
    edition: Edition,
    files: Iterable[Mapping[str, Any]],
    circumstances: Circumstances,
    *,
    format: str,
    viewing: ViewingCopy | None = None,
    signed: Signed = NOBODY,
    contents: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Takes, digests, approvals, totals, the heads of the event chains, and every file's digest.

    Args:
        files: `name`, `sha256` and `bytes` of each.
        contents: the same of what lies in a package, so that it is known again when unpacked.
    """
    scan = edition.scan
    together = {"reels": [_of_reel(each) for each in edition.reels]} if edition.reels else {}
    return together | {
        "schema": SCHEMA,
        "made": circumstances.made,
        "by": circumstances.by,
        "expires": circumstances.expires or None,
        "title": edition.title,
        "reel": edition.reel,
        "use": edition.use,
        "version": edition.version,
        "format": format,
        "policy": edition.policy,
        "scan": {
            "name": scan.path.name,
            "sha256": scan.sha256,
            "frames": scan.frames,
            "rate": rate_text(scan.rate),
            "start_timecode": scan.start_timecode,
        },
        "scenes": [_scene_entry(scene, edition) for scene in edition.scenes],
        "totals": edition.totals.as_json(),
        "transcript": edition.spoken.told_of() if edition.spoken else None,
        "translation": edition.translation.told_of() if edition.translation else None,
        "chain_heads": circumstances.chain_heads,
        "viewing_sound": list(viewing.tracks) if viewing else [],
        "cannot_carry": list(viewing.cannot) if viewing else [],
        "additions": [each.as_json() for each in viewing.additions] if viewing else [],
        "credentials": signed.as_json(),
        "remarks": [*_remarks(edition, viewing), *signed.remarks],
        "files": [_file_entry(entry) for entry in files],
        "contents": [_file_entry(entry) for entry in contents],
    }


def _of_reel(edition: Edition) -> dict[str, Any]:
    """What each reel of a timeline of several says of itself."""
    scan = edition.scan
    return {
        "reel": edition.reel,
        "policy": edition.policy,
        "scan": {"name": scan.path.name, "sha256": scan.sha256, "frames": scan.frames,
                 "rate": rate_text(scan.rate)},
        "scenes": [_scene_entry(scene, edition) for scene in edition.scenes],
        "totals": edition.totals.as_json(),
        "remarks": _remarks(edition, None),
    }  # fmt: skip


def _file_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("name", "sha256", "bytes")}


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Raises: OSError."""
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _scene_entry(scene: EditionScene, edition: Edition) -> dict[str, Any]:
    take = scene.take
    return {
        "scene": scene.number,
        "kind": scene.kind,
        "frames": [scene.start_frame, scene.end_frame],
        "take": {
            "version": take.version,
            "stage": take.stage,
            "number": take.number,
            "manifest_digest": take.digest,
            "picture_sha256": take.picture_sha256,
            "map_sha256": take.provenance_sha256,
            "framemd5": take.framemd5,
            "stages": list(take.stages),
            "treatments": [each.as_json() for each in take.treatments],
        },
        "approval": scene.decision.as_json() if scene.decision else None,
        "approvals": [decision.as_json() for decision in scene.approvals],
        "unapproved": scene.unapproved,
        "marked": [marked.as_json() for marked in scene.marked],
        "guides": list(scene.guides),
        "converted": edition.is_converted(scene),
        "totals": edition.totals_of(scene),
    }


def _remarks(edition: Edition, viewing: ViewingCopy | None) -> list[str]:
    remarks = [*_policy_remarks(edition)]
    remarks += _spoken_remarks(edition)
    remarks += [LOSSY.format(viewing.name)] if viewing is not None else []
    left = [s.number for s in edition.scenes if s.take.version != edition.version]
    remarks += [AS_RESTORED.format(listed(left))] if left else []
    if viewing is not None and viewing.silent_because:
        remarks.append(f"{viewing.name} has no sound: {viewing.silent_because}")
    return [*remarks, VARIABLE] if edition.scan.variable_rate else remarks


def _spoken_remarks(edition: Edition) -> list[str]:
    said = []
    if edition.spoken is not None and edition.spoken.unanswered:
        said.append(f"The transcript and all subtitles of it are {edition.spoken.state}.")
    if edition.translation is not None:
        said.append(f"The English translation is by a machine: {edition.translation.state}.")
    return said


def _policy_remarks(edition: Edition) -> Iterator[str]:
    for scene in edition.scenes:
        if scene.decision is None:
            first, last = scene.start_frame, scene.end_frame - 1
            where = f"Scene {scene.number} (frames {first} to {last})"
            yield f"{where} is not approved: {scene.unapproved}"
    if (override := edition.override) is not None:
        rules = "; ".join(override.rules)
        yield (
            f"{override.by} let this leave against the policy of {edition.use} ({rules}): "
            f"{override.reason}"
        )
