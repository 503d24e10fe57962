"""A reel's timeline in its bag: OpenTimelineIO, its media named by their places in the bag."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import opentimelineio as otio

from archive.models import Reel, Scan
from restoration.recording import PICTURE
from review.edition import make_edition
from review.errors import ReviewError
from review.formats.edition import DeliveryError
from review.formats.otio import NAMESPACE, build_timeline
from review.formats.timeline import of_reel
from review.gating import hold
from review.reel_bag import SCAN, TAKES, TIMELINE
from review.reel_bag.errors import BagRefused


def write_timeline(reel: Reel, scan: Scan, folder: Path, *, use: str) -> None:
    """Write the takes that would leave for a use as a timeline. The gate is told, not obeyed: the
    bag is the archive's own.

    Raises: BagRefused.
    """
    try:
        timeline = build_timeline(of_reel(make_edition(reel, scan, hold(reel, use))))
    except (ReviewError, DeliveryError, KeyError) as error:
        raise BagRefused(f"No timeline was made: {error}. Export without it.") from error
    for reference, said in _media(timeline):
        if said.get("kind") == "take":
            reference.target_url = f"{TAKES}/{said['manifest_digest']}/{PICTURE}"
        elif said.get("kind") == "scan":
            reference.target_url = f"{SCAN}/{quote(Path(scan.path).name)}"
    otio.adapters.write_to_file(timeline, str(folder / TIMELINE), "otio_json")


def check_timeline(
    data: Path, scan: Mapping[str, Any] | None, decisions: Mapping[str, Any]
) -> None:
    """Hold a bag's timeline, if it has one, against its scan and takes.

    Raises: BagRefused.
    """
    path = data / TIMELINE
    if not path.is_file():
        return
    try:
        # OpenTimelineIO's own reader ends the process where brackets are nested without end.
        json.loads(path.read_bytes())
        timeline = otio.adapters.read_from_file(str(path), "otio_json")
        media = [said for _, said in _media(timeline)]
    except (otio.exceptions.OTIOError, ValueError, AttributeError, TypeError, KeyError,
            RecursionError) as error:  # fmt: skip
        raise BagRefused(f"The bag's timeline cannot be read: {error}") from error
    takes = {each["digest"] for each in decisions.get("takes", [])}
    for said in media:
        if said.get("kind") == "take" and said.get("manifest_digest") not in takes:
            raise BagRefused("The bag's timeline names a take that the bag does not know.")
        if said.get("kind") == "scan" and (scan is None or said.get("sha256") != scan["sha256"]):
            raise BagRefused("The bag's timeline is of another scan.")


def _media(timeline: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each medium that a clip names, and what we said of it."""
    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            yield reference, dict(reference.metadata.get(NAMESPACE, {}))
