"""The rows of a reel read into the values that the formats are written from."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive import derived
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.models import Reel, Scan
from archive.timecode import frames_of_timecode
from restoration import scenes
from restoration.models import Scene, Take
from restoration.recording import MAP, PICTURE
from restoration.storage import storage
from restoration.take_index import TakeIndex
from review import decisions
from review.formats.edition import (
    Decision,
    DeliveryError,
    Edition,
    EditionScan,
    EditionScene,
    EditionTake,
    OtherVersion,
    Remark,
)
from review.models import Approval, Note
from review.verdict import versions_to_leave
from review.version_choice import RESTORED, VERSIONS, VersionChoice


def make_edition(reel: Reel, scan: Scan, *, use: str, choice: VersionChoice = RESTORED) -> Edition:
    """The scenes with their approved takes; asks the database anew at each call.

    Raises: DeliveryError if a scene has no approval, which `deliverables.check` rules out.
    """
    wanted = list(Scene.objects.current().filter(scan=scan).select_related("scan"))
    notes = list(Note.objects.filter(scan=scan).select_related("by"))
    approved = _Approved(wanted, choice)
    return Edition(
        title=reel.title.name,
        reel=f"reel {reel.number}",
        use=use,
        scan=_scan(scan),
        scenes=tuple(
            _scene(number, scene, approved, notes) for number, scene in enumerate(wanted, start=1)
        ),
        version=choice.version,
    )


class _Approved:
    """Which take of each scene leaves, and which of its other version stands approved beside it."""

    def __init__(self, wanted: list[Scene], choice: VersionChoice) -> None:
        self._takes = TakeIndex(wanted)
        self._leaving = versions_to_leave(wanted, choice, takes=self._takes)
        self._found = {name: decisions.current_approvals(wanted, name) for name in VERSIONS}

    def of(self, scene: Scene) -> Approval | None:
        return self._found[self._leaving[scene.pk]].get(scene.pk)

    def beside(self, scene: Scene) -> Approval | None:
        """Of the other version, if it is approved and fresh."""
        (other,) = (name for name in VERSIONS if name != self._leaving[scene.pk])
        approval = self._found[other].get(scene.pk)
        if approval is None or approval.decision != Approval.Decision.APPROVED:
            return None
        return None if decisions.stale_reasons(approval, takes=self._takes) else approval


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


def _scene(number: int, scene: Scene, approved: _Approved, notes: Iterable[Note]) -> EditionScene:
    approval, beside = approved.of(scene), approved.beside(scene)
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
        other=OtherVersion(_take(beside.take), _decision(beside)) if beside else None,
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
        form=_form(manifest["picture"]),
        version=take.version,
    )


def _form(told: dict[str, Any]) -> PictureFormat:
    """The format of a take's pictures, as its manifest has it."""
    return PictureFormat(
        width=told["width"],
        height=told["height"],
        pixel=PIXEL_FORMATS[told["pixel"]],
        rate=Fraction(told["rate"]),
        colour_range=told["range"],
        matrix=told["matrix"],
        primaries=told["primaries"],
        transfer=told["transfer"],
        sample_aspect=Fraction(told["sample_aspect"]),
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
