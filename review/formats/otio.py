"""The reel as an OpenTimelineIO timeline: scenes as clips, scan and takes as alternative media.

All times are whole frames, counted on the scan's own timecode, so that a source range means the
same frames in every one of a clip's media; each medium's are at its own rate. OpenTimelineIO keeps
rates as floating point numbers; the exact fraction stands in the metadata.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from review.formats.edition import (
    Decision,
    Edition,
    EditionScan,
    EditionScene,
    EditionTake,
    Remark,
    rate_text,
)
from review.formats.note_sheet import NoteSheet
from review.formats.timeline import Gap, Mark, Master, Part, Shot, Timeline, marks

NAMESPACE = "reelproof"
"""The key of everything of ours in OpenTimelineIO metadata."""
TAKE, SCAN, MASTER = "take", "scan", "master"
"""Keys of a clip's media references; the take, or the master if there is one, is active. The other
version's approved take bears that version's name: `restoration` or `colour`."""


def write_timeline(path: Path, timeline: Timeline) -> None:
    """Raises: OSError."""
    otio.adapters.write_to_file(build_timeline(timeline), str(path), "otio_json")


def build_timeline(timeline: Timeline) -> Any:
    """The timeline as OpenTimelineIO's own object."""
    made = otio.schema.Timeline(
        name=timeline.name,
        global_start_time=_time(timeline.start_count, timeline.rate),
        metadata={NAMESPACE: _told(timeline)},
    )
    pictures = otio.schema.Track(name="Pictures", kind=otio.schema.TrackKind.Video)
    for part, item in timeline.items:
        if isinstance(item, Gap):
            pictures.append(otio.schema.Gap(source_range=_range(0, item.frames, part.rate)))
        else:
            pictures.append(_clip(timeline, part, item))
    made.tracks.append(pictures)
    for number in range(1, timeline.tracks + 1):
        made.tracks.append(_sound(timeline, number))
    return made


def _told(timeline: Timeline) -> dict[str, Any]:
    """Of one reel its facts; of several those of the whole, and of each reel where it begins."""
    if not timeline.is_of_title:
        return _about(timeline.first)
    return {
        "title": timeline.first.title,
        "use": timeline.first.use,
        "rate": rate_text(timeline.rate),
        "start_timecode": timeline.start_timecode,
        "reels": [
            _about(part.edition) | {"begins_seconds": rate_text(part.starts)}
            for part in timeline.parts
        ],
    }


def write_notes_timeline(path: Path, sheet: NoteSheet) -> None:
    """Write the scan as one clip whose markers are the notes, threads and drawings with them."""
    scan = sheet.scan
    whole = _range(scan.start_count, scan.frames, scan.rate)
    clip = otio.schema.Clip(
        name=sheet.name,
        source_range=whole,
        markers=[_marker(remark, scan, scan.rate) for remark in sheet.remarks],
    )
    facts = {"sha256": scan.sha256, "kind": "scan"}
    clip.set_media_references({SCAN: _reference(scan.path.as_uri(), whole, facts)}, SCAN)
    track = otio.schema.Track(name="Pictures", kind=otio.schema.TrackKind.Video, children=[clip])
    timeline = otio.schema.Timeline(
        name=f"Notes: {sheet.name}",
        global_start_time=_time(scan.start_count, scan.rate),
        metadata={
            NAMESPACE: {
                "title": sheet.title,
                "reel": sheet.reel,
                "rate": rate_text(scan.rate),
                "scan_sha256": scan.sha256,
                "picture": [scan.width, scan.height],
            }
        },
    )
    timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, str(path), "otio_json")


def _about(edition: Edition) -> dict[str, Any]:
    scan = edition.scan
    return {
        "title": edition.title,
        "reel": edition.reel,
        "use": edition.use,
        "version": edition.version,
        "tape": edition.tape,
        "provenance": edition.totals.as_json(),
        "policy": edition.policy,
        "rate": rate_text(scan.rate),
        "variable_rate": scan.variable_rate,
        "start_timecode": scan.start_timecode,
        "scan_sha256": scan.sha256,
        "frames": scan.frames,
        "transcript": edition.spoken.told_of() if edition.spoken else None,
    }


def _clip(timeline: Timeline, part: Part, shot: Shot) -> Any:
    edition, master, scene = part.edition, part.master, shot.scene
    scan, take = edition.scan, scene.take
    source = _source(scene, scan, shot.media.rate)
    whole = _range(scan.start_count, scan.frames, scan.rate)
    references = {
        SCAN: _reference(scan.path.as_uri(), whole, {"sha256": scan.sha256, "kind": "scan"}),
        TAKE: _take(take, scene.decision, _source(scene, scan, take.form.rate)),
    }
    if (other := scene.other) is not None:
        covered = _source(scene, scan, other.take.form.rate)
        references[other.take.version] = _take(other.take, other.decision, covered)
    if master is not None:
        references[MASTER] = _of_master(master, whole, {})
    clip = otio.schema.Clip(
        name=timeline.called(part, shot),
        source_range=source,
        metadata={NAMESPACE: _scene_facts(scene, edition)},
        markers=[
            *(_marker(remark, scan, shot.media.rate) for remark in scene.remarks),
            *(_made(mark, scan, shot.media.rate) for mark in marks(scene) if mark.tone == "made"),
        ],
    )
    clip.set_media_references(references, MASTER if master is not None else TAKE)
    return clip


def _source(scene: EditionScene, scan: EditionScan, rate: Fraction) -> TimeRange:
    """The scene's frames, counted on the scan's timecode, in media of that rate."""
    return _range(scan.start_count + scene.start_frame, scene.frames, rate)


def _of_master(master: Master, whole: TimeRange, facts: dict[str, Any]) -> Any:
    path, sha256 = master
    # Relative: the timeline and its master travel in one folder.
    return _reference(path.name, whole, {"sha256": sha256, "kind": "master"} | facts)


def _take(take: EditionTake, decision: Decision | None, source: TimeRange) -> Any:
    return _reference(
        take.picture.as_uri(),
        source,
        {
            "sha256": take.picture_sha256,
            "kind": "take",
            "version": take.version,
            "take": take.number,
            "stage": take.stage,
            "manifest_digest": take.digest,
            "map_sha256": take.provenance_sha256,
            "approval": decision.as_json() if decision else None,
        },
    )


def _scene_facts(scene: EditionScene, edition: Edition) -> dict[str, Any]:
    return {
        "scene": scene.number,
        "kind": scene.kind,
        "scan_frames": [scene.start_frame, scene.end_frame],
        "version": scene.take.version,
        "stages": list(scene.take.stages),
        "treatments": [each.as_json() for each in scene.take.treatments],
        "approval": scene.decision.as_json() if scene.decision else None,
        "approvals": [decision.as_json() for decision in scene.approvals],
        "unapproved": scene.unapproved,
        "marked": [marked.as_json() for marked in scene.marked],
        "provenance": edition.totals_of(scene),
        "transcript": edition.said_in(scene),
        "guides": list(scene.guides),
    }


def _marker(remark: Remark, scan: EditionScan, rate: Fraction) -> Any:
    colour = otio.schema.MarkerColor.GREEN if remark.resolved else otio.schema.MarkerColor.RED
    return otio.schema.Marker(
        name=remark.text.splitlines()[0][:60] if remark.text else "Note",
        marked_range=_range(
            scan.start_count + remark.start_frame,
            remark.end_frame - remark.start_frame,
            rate,
        ),
        color=colour,
        comment=remark.text,
        metadata={NAMESPACE: remark.facts()},
    )


def _made(mark: Mark, scan: EditionScan, rate: Fraction) -> Any:
    """Frames that a machine or a person made."""
    return otio.schema.Marker(
        name=mark.name,
        marked_range=_range(scan.start_count + mark.start, mark.frames, rate),
        color=otio.schema.MarkerColor.MAGENTA,
        metadata={NAMESPACE: {"frames": [mark.start, mark.start + mark.frames]}},
    )


def _sound(timeline: Timeline, number: int) -> Any:
    """One track of sound: of each reel its own, or a gap where it has none."""
    held = []
    for part in timeline.parts:
        audio = part.edition.scan.audio
        if number <= len(audio):
            held.append(_heard(part, number, audio[number - 1]))
        else:
            lasts = (part.ends - part.starts) * timeline.rate
            silent = TimeRange(_time(0, timeline.rate), _time(lasts, timeline.rate))
            held.append(otio.schema.Gap(source_range=silent))
    return otio.schema.Track(
        name=f"Sound {number}", kind=otio.schema.TrackKind.Audio, children=held
    )


def _heard(part: Part, number: int, track: dict[str, Any]) -> Any:
    """One audio track of a scan, whole: sound is not restored, and not cut into scenes.

    The master, if there is one, has the same sound and is active.
    """
    scan, master = part.edition.scan, part.master
    whole = _range(scan.start_count, scan.frames, scan.rate)
    reference = _reference(
        scan.path.as_uri(),
        whole,
        {"sha256": scan.sha256, "kind": "scan", "audio_track": number, "probed": track},
    )
    references = {SCAN: reference}
    if master is not None:
        references[MASTER] = _of_master(master, whole, {"audio_track": number})
    heard = otio.schema.Clip(name=f"Sound {number}", source_range=whole)
    heard.set_media_references(references, MASTER if master is not None else SCAN)
    return heard


def _reference(address: str, available: TimeRange, facts: dict[str, Any]) -> Any:
    return otio.schema.ExternalReference(
        target_url=address, available_range=available, metadata={NAMESPACE: facts}
    )


def _time(frame: int | Fraction, rate: Fraction) -> RationalTime:
    return RationalTime(float(frame), float(rate))


def _range(start: int, frames: int, rate: Fraction) -> TimeRange:
    return TimeRange(_time(start, rate), _time(frames, rate))
