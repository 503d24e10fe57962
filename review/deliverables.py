"""What leaves: built from approved, fresh takes alone; checked, recorded, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from archive import custody
from archive.fixity import scan_digest, sha256_file
from archive.media.errors import MediaError
from archive.models import Reel, Scan
from restoration import scenes as cuts
from restoration.models import Scene
from review import decisions, delivery_record
from review.edition import make_edition
from review.errors import NotAllowed, ReviewError
from review.formats import ffv1, mp4, otio
from review.formats.edition import DeliveryError, Edition
from review.models import Approval, Deliverable
from review.workroom import Workroom, free_name

FORMATS = ("otio", "mp4", "ffv1")
ALL = "all"
USES = ("exhibition", "broadcast", "scholarly", "forensic")

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all); may raise to stop."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a reel may not leave; `scene` is None where it is about the reel as a whole."""

    scene: Scene | None
    number: int | None
    """The scene's place in the reel, from 1."""
    text: str

    def __str__(self) -> str:
        if self.scene is None:
            return self.text
        first, last = self.scene.start_frame, self.scene.end_frame - 1
        return f"Scene {self.number} (frames {first} to {last}): {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reasons: tuple[Reason, ...] = ()


class DeliveryRefused(ReviewError):
    """Nothing was written; `reasons` names every scene that stands in the way."""

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        self.reasons = reasons
        listed = "; ".join(str(reason) for reason in reasons)
        super().__init__(f"Not delivered, and nothing was written. {listed}")


class DeliveryFailed(ReviewError):
    """It was allowed, but a file could not be made; what had been written was removed."""


def default_folder() -> Path:
    """Where deliverables of the pages go."""
    return Path(settings.HOME) / "deliverables"


def check(reel: Reel) -> Verdict:
    """Whether every scene of the reel's current scan has an approval that still holds."""
    scan = reel.current_scan()
    if scan is None:
        return _refusal(f"{reel} has no scan; take one in first.")
    wanted = list(Scene.objects.current().filter(scan=scan).select_related("scan"))
    if not wanted:
        return _refusal(
            f"{reel} has not been split into scenes; run: "
            f"python manage.py process {reel.pk} --stages cuts,deflicker,repair --wait"
        )
    reasons = [*_gaps(scan, wanted)]
    for number, scene in enumerate(wanted, start=1):
        reasons += [Reason(scene, number, text) for text in _objections(scene)]
    return Verdict(allowed=not reasons, reasons=tuple(reasons))


def _refusal(text: str) -> Verdict:
    return Verdict(allowed=False, reasons=(Reason(None, None, text),))


def _gaps(scan: Scan, wanted: list[Scene]) -> list[Reason]:
    """Frames that no scene covers: a deliverable without them would be another film."""
    reasons, reached = [], 0
    for scene in [*wanted, None]:
        start = scene.start_frame if scene is not None else scan.frames
        if start != reached:
            text = f"Frames {reached} to {start - 1} belong to no scene; split the reel again."
            reasons.append(Reason(None, None, text))
        reached = scene.end_frame if scene is not None else start
    return reasons


def _objections(scene: Scene) -> list[str]:
    approval = decisions.current_approval(scene)
    if approval is None:
        if cuts.head_take(scene) is None:
            return ["no take has been made of it yet; process it, then decide."]
        return ["nobody has approved its take yet."]
    if approval.decision != Approval.Decision.APPROVED:
        who = approval.by.get_username()
        return [f"changes were requested by {who}: {approval.reason}"]
    stale = decisions.stale_reasons(approval)
    if stale:
        return [f"its approval is stale. {' '.join(stale)}"]
    return []


def build_deliverable(
    reel: Reel,
    *,
    format: str,
    use: str,
    to: Path,
    by: Any,
    progress: Progress | None = None,
) -> Deliverable:
    """Write a deliverable into a fresh folder below `to`.

    Args:
        format: one of FORMATS, or "all" for all of them together.
        use: one of USES; recorded, and carried by the files.
        by: the user who lets it leave; None for whoever runs the machine's own commands.
        progress: may raise to stop; nothing is left behind then.
    Raises: DeliveryRefused with every scene and reason; DeliveryFailed if a file could not be made;
        NotAllowed.
    """
    _check_request(format=format, use=use, by=by)
    verdict = check(reel)
    if not verdict.allowed:
        raise DeliveryRefused(verdict.reasons)
    scan = reel.current_scan()
    assert scan is not None  # check() refused otherwise
    edition = make_edition(reel, scan, use=use)
    told = progress or (lambda what, done, total: None)
    try:
        with Workroom(to) as room:
            _check_inputs(edition, told)
            written = _write_files(room.path, edition, format, told)
            return _hand_over(reel, scan, edition, written, room, format=format, by=by)
    except (DeliveryError, MediaError, OSError) as error:
        raise DeliveryFailed(f"Not delivered, and nothing was left in {to}. {error}") from error


def _check_request(*, format: str, use: str, by: Any) -> None:
    if format not in (*FORMATS, ALL):
        raise DeliveryFailed(f"There is no format {format}; choose {', '.join((*FORMATS, ALL))}.")
    if use not in USES:
        raise DeliveryFailed(f"There is no use {use}; choose {', '.join(USES)}.")
    if by is not None and not by.has_perm("review.deliver"):
        raise NotAllowed(
            f"{by.get_username()} may not deliver; nothing was written. "
            "An archivist or an administrator can give you the role for it."
        )


def _check_inputs(edition: Edition, told: Progress) -> None:
    """Scan and takes are, byte for byte, what was registered and approved."""
    total = len(edition.scenes) + 1
    told("check", 0, total)
    if scan_digest(edition.scan.path) != edition.scan.sha256:
        raise DeliveryError(
            f"{edition.scan.path} is no longer what was taken into custody; "
            "run: python manage.py check_fixity"
        )
    for done, scene in enumerate(edition.scenes, start=1):
        take = scene.take
        held = ((take.picture, take.picture_sha256), (take.provenance, take.provenance_sha256))
        for path, sha256 in held:
            if sha256_file(path) != sha256:
                raise DeliveryError(
                    f"{path} of scene {scene.number} is not what was approved; restore it from a "
                    "backup, or make the take again"
                )
        told("check", done, total)


@dataclass(frozen=True, slots=True)
class _Written:
    files: list[Path]
    viewing: mp4.ViewingCopy | None


def _write_files(folder: Path, edition: Edition, format: str, told: Progress) -> _Written:
    wanted = FORMATS if format == ALL else (format,)
    files: list[Path] = []
    viewed: mp4.ViewingCopy | None = None
    joined: tuple[Path, str] | None = None
    if "ffv1" in wanted:
        master, provenance = folder / "master.mkv", folder / "map.mkv"
        _require_room(folder, edition)
        ffv1.write_master(
            master, provenance, edition, progress=lambda done, total: told("master", done, total)
        )
        files += [master, provenance]
        joined = (master, sha256_file(master))
    if "mp4" in wanted:
        viewing = folder / "viewing.mp4"
        viewed = mp4.write_viewing_copy(
            viewing,
            edition,
            progress=lambda done, total: told("viewing copy", done, total),
            may_be_silent=format == ALL,  # the master beside it has the sound
        )
        files.append(viewing)
    if "otio" in wanted:
        timeline = folder / "timeline.otio"
        otio.write_timeline(timeline, edition, master=joined)
        files.append(timeline)
    return _Written(files, viewed)


def _require_room(folder: Path, edition: Edition) -> None:
    """Say that the disk is too full before an hour's work, not after it."""
    needed = sum(
        path.stat().st_size
        for scene in edition.scenes
        for path in (scene.take.picture, scene.take.provenance)
    )
    free = shutil.disk_usage(folder).free
    if free < needed * 1.05:
        raise DeliveryError(
            f"The master needs about {needed >> 20} MiB and {free >> 20} MiB are free; "
            "free some, or choose another folder"
        )


@transaction.atomic
def _hand_over(
    reel: Reel,
    scan: Scan,
    edition: Edition,
    written: _Written,
    room: Workroom,
    *,
    format: str,
    by: Any,
) -> Deliverable:
    """Check the approvals again, record, and give the folder its name: all of it or nothing."""
    # Lock first: a decision taken back while the files were written must still count.
    list(Scene.objects.select_for_update().filter(scan=scan, retired__isnull=True))
    verdict = check(reel)
    if not verdict.allowed or make_edition(reel, scan, use=edition.use) != edition:
        raise DeliveryRefused(verdict.reasons or _refusal(_CHANGED).reasons)
    target = free_name(room.parent, _folder_name(reel, format=format, use=edition.use))
    listed = [_file_entry(path, target) for path in written.files]
    agent = custody.person(by) if by is not None else custody.software()
    record = delivery_record.build_record(
        reel, edition, listed, agent, format=format, viewing=written.viewing
    )
    record_path = room.path / delivery_record.NAME
    record_path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    listed.append(_file_entry(record_path, target))
    deliverable = Deliverable.objects.create(
        reel=reel, scan=scan, format=format, use=edition.use, files=listed, record=record, by=by
    )
    custody.record(
        kind="delivery",
        agent=agent,
        subject=f"deliverable:{deliverable.pk}",
        reel=reel,
        detail={"format": format, "use": edition.use, "files": listed},
    )
    room.keep_as(target)
    return deliverable


_CHANGED = "Decisions or notes changed while the files were written; deliver again."


def _folder_name(reel: Reel, *, format: str, use: str) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in reel.title.name.lower())
    words = "-".join(part for part in kept.split("-") if part)[:60] or "reel"
    return f"{words}-reel-{reel.number}-{use}-{format}"


def _file_entry(path: Path, target: Path) -> dict[str, Any]:
    return {
        "name": path.name,
        "path": str(target / path.name),
        "sha256": sha256_file(path),
        "bytes": path.stat().st_size,
    }
