"""The parts of a conservation report, as rows and sentences: nothing here knows how paper looks."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from archive.media.pixels import PIXEL_FORMATS
from archive.timecode import timecode
from review.formats.edition import (
    COPIED,
    HAND,
    MACHINE,
    Cue,
    Edition,
    EditionScene,
    Treatment,
    rate_text,
)
from review.formats.plates import Plate
from review.frame_ranges import listed
from review.shares import WORDS, percent
from review.version_choice import COLOUR

WHAT = {MACHINE: "made by a machine", HAND: "by hand", COPIED: "from other frames"}
MEANS = {
    "ORIGINAL": "the same code value as the scan",
    "ADJUSTED": "changed by a recorded transform that adds nothing",
    "RECOVERED": "copied from another frame of the same scene",
    "HUMAN": "entered by a named person",
    "SYNTHESISED": "made up by a method that has no evidence for it",
    "NOT_MEASURED": "came from outside, without a map",
}
"""What each label says, for readers who have nothing but the paper."""
Rows = Iterator[tuple[str, ...]]


def object_rows(edition: Edition) -> Rows:
    """What it is, from the catalogue and the scan."""
    scan = edition.scan
    yield from edition.carrier
    seconds = Fraction(scan.frames) / scan.rate
    long = f"{int(seconds) // 60} min {int(seconds) % 60} s"
    yield "Scan", f"{scan.path.name}, {scan.width} x {scan.height}, {_pixels(scan.pixel_format)}"
    yield "Length", f"{scan.frames} frames at {_rate(scan.rate)} a second, {long}"
    yield "Sound", "; ".join(_sound(each) for each in scan.audio) or "none"
    yield "SHA-256", scan.sha256
    yield "Rights", "\n".join(edition.rights) or "not recorded"


def _pixels(name: str) -> str:
    """Such as "YUV, 10 bits"; a name that is not known here as it is."""
    form = PIXEL_FORMATS.get(name)
    models = {"grey": "grey", "yuv": "YUV", "rgb": "RGB"}
    return f"{models[form.model]}, {form.bits} bits ({name})" if form else name


def _sound(track: dict[str, Any]) -> str:
    parts = [str(track.get("codec", "unknown"))]
    parts += [f"{track['sample_rate']} Hz"] if track.get("sample_rate") else []
    channels = track.get("channels")
    return ", ".join([*parts, f"{channels} channel{'s' if channels != 1 else ''}"]
                     if channels else parts)  # fmt: skip


def _rate(rate: Fraction) -> str:
    return str(rate.numerator) if rate.denominator == 1 else rate_text(rate)


def treatment_rows(edition: Edition) -> Rows:
    """A row for each stage: where it worked, what it added, with what."""
    scenes: dict[str, list[EditionScene]] = {}
    for scene in edition.scenes:
        for stage in scene.take.stages:
            scenes.setdefault(stage, []).append(scene)
    for stage, treated in scenes.items():
        cues = [cue for scene in treated for cue in scene.cues if cue.stage == stage]
        ran = [each for s in treated for each in s.take.treatments if each.stage == stage]
        yield stage, _numbers(treated), _added(cues) or "adjusted; nothing added", _with(ran)


def _numbers(scenes: list[EditionScene]) -> str:
    return listed(scene.number for scene in scenes)


def _added(cues: list[Cue]) -> str:
    parts = []
    for kind, words in WHAT.items():
        for plane, of in (("structure", "picture"), ("colour", "colour")):
            found = [cue for cue in cues if cue.kind == kind and cue.plane == plane]
            if found:
                frames = sum(cue.frames for cue in found)
                most = percent(max(cue.most for cue in found))
                parts.append(f"{of} {words} in {frames} frames, at most {most} of one")
    return "; ".join(parts)


def _with(ran: list[Treatment]) -> str:
    versions = sorted({each.version for each in ran if each.version})
    models = sorted({model.split(" (")[0] for each in ran for model in each.models})
    parts = [f"version {', '.join(versions)}"] if versions else []
    return "; ".join([*parts, *models])


def share_rows(edition: Edition) -> Iterator[tuple[str, str, float, float]]:
    """Label, in words, and its share of picture and colour, 0 to 1."""
    totals: dict[str, Any] = edition.totals.as_json()
    pixels = max(1, totals["pixels"])
    for label, words in WORDS.items():
        structure, colour = (totals[plane].get(label, 0) / pixels for plane in
                             ("structure", "colour"))  # fmt: skip
        yield label, words, structure, colour


def decision_rows(edition: Edition) -> Rows:
    """A row for each scene: who decided what, and the notes."""
    for scene in edition.scenes:
        who = "; ".join(
            f"{each.by}, {each.at[:10]}{f': “{each.comment}”' if each.comment else ''}"
            for each in scene.decided
        )
        notes = "; ".join(
            f"{note.text} ({note.by}{', settled' if note.resolved else ''})"
            for note in scene.remarks
        )
        take = f"{scene.take.stage} {scene.take.number}\n{scene.take.digest[:12]}"
        decided = f"approved by {who}" if who else f"NOT APPROVED: {scene.unapproved}"
        yield str(scene.number), at(edition, scene), take, decided, notes


def captions_of(plate: Plate) -> tuple[str, str, str]:
    """Of its three stills: a colour version is not called a restoration."""
    after = "colour version" if plate.scene.take.version == COLOUR else "as restored"
    return "scan", after, "the same, with where it comes from"


def at(edition: Edition, scene: EditionScene) -> str:
    """First timecode of a scene, and its frames with the last one included."""
    scan = edition.scan
    start = timecode(scene.start_frame, scan.rate, scan.start_timecode)
    return f"{start}\n{scene.start_frame} to {scene.end_frame - 1}"


def rule_rows(edition: Edition) -> Rows:
    """The policy that it was held against."""
    for rule in edition.policy.get("rules", []):
        yield rule["rule"], rule["limit"], rule["measured"], rule["outcome"]
