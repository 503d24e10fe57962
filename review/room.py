"""What the player of the review room is told about a scene and the take shown."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from archive.models import Scan
from archive.timecode import DROP_FRAME_RATES, frames_of_timecode
from restoration import inventions
from restoration.models import Scene, Take


def room(scene: Scene, shown: Take | None, *, against: Take | None = None) -> dict[str, Any]:
    """JSON for static/js/scene.js; frames are the scan's.

    Args:
        against: the take to compare with, instead of the scan.
    """
    scan = scene.scan
    stills = {
        "scan": frame_address("take-frame", against.pk)
        if against
        else frame_address("scan-frame", scan.pk)
    }
    if shown is not None:
        stills["take"] = frame_address("take-frame", shown.pk)
    return {
        "scene": {"start": scene.start_frame, "end": scene.end_frame},
        "lastAct": reverse("last-act", args=[scene.pk]),
        "rate": [scan.rate_numerator, scan.rate_denominator],
        "timecode": timecode_facts(scan),
        "size": {"width": scan.width, "height": scan.height},
        "scan": _take(against) if against else _scan(scan),
        "take": _take(shown),
        "sound": reverse("scan-proxy", args=[scan.pk]) if against and scan.audio else None,
        "stills": stills,
        "pixels": [pixel_address(take) for take in (shown, against) if take is not None],
        "heat": heat_address(shown),
        "invention": _invention(shown),
    }


def heat_address(take: Take | None) -> str | None:
    """Where to ask for the error to expect in a frame; None of a take that tells of none."""
    if take is None or "heat.mkv" not in take.manifest.get("files", {}):
        return None
    return f"{frame_address('take-frame', take.pk)}?of=heat"


def _invention(take: Take | None) -> dict[str, Any] | None:
    """The plane of how far what was made up lies from the scan, or why a take has none."""
    if take is None:
        return None
    if reason := inventions.why_none(take):
        return {"address": None, "plane": "structure", "missing": reason}
    address = f"{frame_address('take-frame', take.pk)}?of=invention"
    return {"address": address, "plane": inventions.plane_of(take), "missing": ""}


def _scan(scan: Scan) -> dict[str, Any]:
    return {
        "start": 0,
        "proxy": reverse("scan-proxy", args=[scan.pk]),
        "viewing": reverse("scan-viewing", args=[scan.pk]),
        "hasSound": bool(scan.audio),
    }


def _take(take: Take | None) -> dict[str, Any] | None:
    if take is None:
        return None
    return {
        "stage": f"{take.stage} take {take.number}",
        "start": take.start_frame,
        "proxy": reverse("take-proxy", args=[take.pk]),
        "viewing": reverse("take-viewing", args=[take.pk]),
        "labels": reverse("take-labels", args=[take.pk]),
        "labelsIndex": reverse("take-labels-index", args=[take.pk]),
    }


def frame_address(name: str, pk: int) -> str:
    """The address of a picture, with {n} in place of the frame."""
    return reverse(name, args=[pk, 0]).replace("/0.png", "/{n}.png")


def pixel_address(take: Take) -> str:
    """The address that tells of one pixel, with {n}, {y} and {x} to be filled in."""
    return reverse("take-pixel", args=[take.pk, 0, 0, 0]).replace("/0/0/0/", "/{n}/{y}/{x}/")


def timecode_facts(scan: Scan) -> dict[str, Any]:
    """What static/js/player/timecode.js needs to write a frame as timecode."""
    start = scan.start_timecode
    return {
        "base": max(1, round(scan.rate)),
        "drop": ";" in start and scan.rate in DROP_FRAME_RATES,
        "start": frames_of_timecode(start, scan.rate) if start else 0,
        "rate": float(scan.rate),
    }
