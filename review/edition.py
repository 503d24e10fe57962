"""The rows of a reel read into the values that the formats are written from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archive import derived
from archive.models import Reel, Scan
from archive.timecode import frames_of_timecode
from restoration import scenes
from restoration.models import Scene, Take
from restoration.recording import MAP, PICTURE
from restoration.storage import storage
from review import decisions
from review.formats.edition import (
    Decision,
    DeliveryError,
    Edition,
    EditionScan,
    EditionScene,
    EditionTake,
    Remark,
)
from review.models import Approval, Note


def make_edition(reel: Reel, scan: Scan, *, use: str) -> Edition:
    """The scenes with their approved takes; asks the database anew at each call.

    Raises: DeliveryError if a scene has no approval, which `deliverables.check` rules out.
    """
    wanted = Scene.objects.current().filter(scan=scan).select_related("scan")
    notes = list(Note.objects.filter(scan=scan).select_related("by"))
    return Edition(
        title=reel.title.name,
        reel=f"reel {reel.number}",
        use=use,
        scan=_scan(scan),
        scenes=tuple(_scene(number, scene, notes) for number, scene in enumerate(wanted, start=1)),
    )


def _scan(scan: Scan) -> EditionScan:
    timecode = scan.start_timecode
    return EditionScan(
        path=Path(scan.path),
        sha256=scan.sha256,
        frames=scan.frames,
        rate=scan.rate,
        variable_rate=scan.variable_rate,
        start_timecode=timecode,
        start_count=frames_of_timecode(timecode, scan.rate) if timecode else 0,
        width=scan.width,
        height=scan.height,
        pixel_format=scan.pixel_format,
        audio=tuple(scan.audio),
        table=_table(scan),
    )


def _table(scan: Scan) -> Path | None:
    if not scan.derived:
        return None
    path = derived.folder(scan) / derived.FRAMES
    return path if path.is_file() else None


def _scene(number: int, scene: Scene, notes: Iterable[Note]) -> EditionScene:
    approval = decisions.current_approval(scene)
    if approval is None:
        raise DeliveryError(f"Scene {number} has no approval; approve its take first")
    return EditionScene(
        number=number,
        kind=scene.kind,
        start_frame=scene.start_frame,
        end_frame=scene.end_frame,
        take=_take(approval.take),
        decision=_decision(approval),
        remarks=tuple(_remarks(scene, notes)),
    )


def _take(take: Take) -> EditionTake:
    folder = storage().folder(take.storage_key)
    manifest: dict[str, Any] = take.manifest
    files = manifest["files"]
    return EditionTake(
        stage=take.stage,
        number=take.number,
        digest=take.digest,
        picture=folder / PICTURE,
        picture_sha256=files[PICTURE]["sha256"],
        framemd5=manifest["picture_framemd5"],
        provenance=folder / MAP,
        provenance_sha256=files[MAP]["sha256"],
        totals=take.totals,
        stages=tuple(link.stage for link in scenes.chain(take)),
    )


def _decision(approval: Approval) -> Decision:
    return Decision(
        by=approval.by.get_full_name() or approval.by.get_username(),
        at=approval.at.isoformat(),
        digest=approval.digest,
        comment=approval.reason,
    )


def _remarks(scene: Scene, notes: Iterable[Note]) -> Iterable[Remark]:
    """Notes that touch the scene, cut to its frames."""
    for note in notes:
        start = max(note.start_frame, scene.start_frame)
        end = min(note.end_frame, scene.end_frame)
        if start < end:
            yield Remark(
                start,
                end,
                note.text,
                note.by.get_full_name() or note.by.get_username(),
                note.at.isoformat(),
                note.resolved is not None,
            )
