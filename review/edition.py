"""The rows of a reel read into the values that the formats are written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive import derived, stored
from archive.bucket import Told
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.models import Reel, Scan
from archive.timecode import frames_of_timecode
from restoration import scenes
from restoration.models import Scene, Take
from restoration.orders import FACTS
from restoration.recording import MAP, PICTURE
from restoration.storage import storage
from restoration.take_index import TakeIndex
from review import decisions
from review.colour_guides import guides_of
from review.condition import carrier, condition
from review.cues import KINDS, PLANES, Link, chain_cues, pixels_of
from review.formats.edition import (
    Cue,
    Decision,
    DeliveryError,
    Edition,
    EditionScan,
    EditionScene,
    EditionTake,
    Marked,
    OtherVersion,
    Remark,
    Treatment,
    Turn,
)
from review.frame_ranges import ranges
from review.gate import FrameCounts
from review.gating import Gate
from review.material import totals_of, whole_frame_counts
from review.models import Approval, Note
from review.spoken import spoken_in, translation_in
from review.stage_decisions import SaidOfTakes
from review.title_rights import restrictions_in_words
from review.version_choice import RESTORED, VERSIONS, VersionChoice


def make_edition(
    reel: Reel, scan: Scan, held: Gate, *, choice: VersionChoice = RESTORED
) -> Edition:
    """The scenes with the takes that leave; asks the database anew at each call.

    Args:
        held: the gate, held for that version.
    Raises: DeliveryError if the frame record of a take in a chain is lost, or a scene has no take,
        which the gate rules out.
    """
    wanted = list(Scene.objects.current().filter(scan=scan).select_related("scan"))
    notes = list(
        Note.objects.filter(scan=scan)
        .select_related("by", "guest", "resolved_by")
        .prefetch_related("answers__by")
    )
    beside, policy = _Beside(wanted, held), held.decision.policy
    return Edition(
        title=reel.title.name,
        reel=f"reel {reel.number}",
        use=policy.use,
        scan=edition_scan(scan),
        scenes=tuple(
            _scene(number, scene, held, beside, notes)
            for number, scene in enumerate(wanted, start=1)
        ),
        version=choice.version,
        tape=f"R{reel.pk:07d}",
        policy=held.decision.as_json(),
        rights=tuple(_rights(reel)),
        encloses_map=policy.maps == "enclosed",
        encloses_log=policy.adjustments == "logged",
        marking=policy.marking,
        counts_again=bool(policy.labels),
        carrier=tuple(carrier(reel)),
        condition=tuple(condition(scan, wanted)),
        spoken=spoken_in(scan),
        # Nobody can answer for a machine's translation, as such a policy asks of every word.
        translation=None if policy.transcript == "approved" else translation_in(scan),
    )


def _rights(reel: Reel) -> Iterable[str]:
    for each in reel.title.rights.all():
        yield f"{each.statement} ({each.holder})" if each.holder else each.statement
    yield from restrictions_in_words(reel.title)


class _Beside:
    """What stands beside the takes that leave: who else approved them, and the other version."""

    def __init__(self, wanted: Sequence[Scene], held: Gate) -> None:
        self._takes, self._said = TakeIndex(wanted), SaidOfTakes(wanted)
        self._leaving: Mapping[int, Take] = held.leaving
        self._found = {name: decisions.current_approvals(wanted, name) for name in VERSIONS}
        self._agreeing = decisions.approvals_that_agree(held.approved.values())

    def approvals(self, scene: Scene) -> list[Approval]:
        """Of the take that leaves, one a person, the newest first."""
        return self._agreeing.get(scene.pk, [])

    def other(self, scene: Scene) -> Approval | None:
        """Of the other version, if it is approved and fresh."""
        (other,) = (name for name in VERSIONS if name != self._leaving[scene.pk].version)
        approval = self._found[other].get(scene.pk)
        if approval is None or approval.decision != Approval.Decision.APPROVED:
            return None
        stale = decisions.stale_reasons(approval, takes=self._takes, said=self._said)
        return None if stale else approval


def edition_scan(scan: Scan) -> EditionScan:
    """What formats need to know of a scan."""
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


def bring(edition: Edition, *, told: Told = stored.quietly) -> None:
    """Have the takes of an edition here, where a bucket is their store.

    Raises: StoreError if one is missing there or damaged.
    """
    for each in (edition, *edition.reels):
        for scene in each.scenes:
            for take in (scene.take, scene.other.take if scene.other else None):
                if take is not None and (key := stored.key_of(take.picture.parent)):
                    stored.bring(key, told=told)


def _table(scan: Scan) -> Path | None:
    if not scan.derived:
        return None
    path = derived.tables(scan) / derived.FRAMES
    return path if path.is_file() else None


def _scene(
    number: int, scene: Scene, held: Gate, beside: _Beside, notes: Iterable[Note]
) -> EditionScene:
    take = held.leaving.get(scene.pk)
    if take is None:
        raise DeliveryError(f"Scene {number} has no take; process it first")
    approvals = tuple(_decision(each) for each in beside.approvals(scene))
    other = beside.other(scene)
    return EditionScene(
        number=number,
        kind=scene.kind,
        start_frame=scene.start_frame,
        end_frame=scene.end_frame,
        take=_take(take),
        decision=approvals[0] if approvals else None,
        remarks=tuple(_remarks(scene, notes)),
        other=OtherVersion(_take(other.take), _decision(other)) if other else None,
        approvals=approvals,
        unapproved=held.unapproved.get(scene.pk, ""),
        marked=marked_ranges(whole_frame_counts(take)),
        cues=_cues(take, scene),
        guides=guides_of(take),
    )


def marked_ranges(counts: Iterable[FrameCounts]) -> tuple[Marked, ...]:
    """Where labels of each of KINDS occur, by plane, in order of their first frame."""
    listed = list(counts)
    found = [
        Marked(start, end, plane, kind)
        for plane in PLANES
        for kind in KINDS
        for start, end in ranges(each.frame for each in listed if pixels_of(each, plane, kind))
    ]
    return tuple(sorted(found, key=lambda each: (each.start_frame, each.end_frame)))


def _cues(take: Take, scene: Scene) -> tuple[Cue, ...]:
    second = max(1, round(scene.scan.rate))
    return chain_cues((_link(each) for each in scenes.chain(take)), apart=second)


def _link(take: Take) -> Link:
    manifest: dict[str, Any] = take.manifest
    return Link(
        stage=take.stage,
        take=take.number,
        version=str(manifest.get("version", "")),
        models=_models(manifest),
        settings=dict(manifest.get("params") or {}),
        counts=whole_frame_counts(take),
    )


def _models(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    weights = manifest.get("weights") or []
    return tuple(f"{each['name']} ({each['sha256']})" for each in weights)


def _treatment(take: Take) -> Treatment:
    manifest: dict[str, Any] = take.manifest
    return Treatment(
        stage=take.stage,
        take=take.number,
        digest=take.digest,
        version=str(manifest.get("version", "")),
        code=str(manifest.get("code", "")),
        models=_models(manifest),
        settings=dict(manifest.get("params") or {}),
        facts=storage().folder(take.storage_key) / FACTS,
        facts_sha256=str(manifest.get("files", {}).get(FACTS, {}).get("sha256", "")),
    )


def _take(take: Take) -> EditionTake:
    folder = storage().place(take.storage_key)
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
        totals=totals_of(take).as_json(),
        treatments=tuple(_treatment(link) for link in scenes.chain(take)),
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
            yield remark_of(note, (start, end))


def remark_of(note: Note, frames: tuple[int, int] | None = None) -> Remark:
    """A note with its thread and drawing.

    Args:
        frames: those that it is cut to; else its own.
    """
    start, end = frames or (note.start_frame, note.end_frame)
    return Remark(
        start,
        end,
        note.text,
        str(note.guest) if note.guest else _person(note.by),
        note.at.isoformat(),
        note.resolved is not None,
        number=note.pk,
        resolved_by=_person(note.resolved_by) if note.resolved_by else "",
        resolved_at=note.resolved.isoformat() if note.resolved else "",
        thread=tuple(
            Turn(each.kind, each.text, _person(each.by), each.at.isoformat())
            for each in note.answers.all()
        ),
        drawing=tuple(note.drawing),
    )


def _person(user: Any) -> str:
    return str(user.get_full_name() or user.get_username())
