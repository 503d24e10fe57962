"""What the rows and files of a reel say to a policy: labels, approvals, rights, records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from archive.media.pixels import PIXEL_FORMATS
from archive.models import Reel
from restoration import scenes as cuts
from restoration import transcripts
from restoration.models import Take
from restoration.orders import FACTS
from restoration.provenance import Totals
from restoration.provenance.labels import Label
from restoration.recording import FRAMES
from restoration.storage import storage
from restoration.take_index import TakeIndex
from review.formats.edition import DeliveryError, converted_totals
from review.gate import APPROVED, Approver, FrameCounts, Material, SceneFacts, StageFacts
from review.rights_rules import RightsFacts
from review.spoken import newest_with_lines
from review.verdict import Examined


def make_material(
    found: Examined,
    *,
    leaving: Mapping[int, Take],
    approvers: Mapping[int, Sequence[Approver]],
    stages: Mapping[int, Sequence[StageFacts]],
    rights: RightsFacts,
    transcript: str | None,
    in_colour: bool,
) -> Material:
    """Values for `review.gate.decide`.

    Args:
        leaving: the take that would leave, by the scene's id.
        approvers: who approved it, by the scene's id.
        stages: the stages of its chain likewise, where the policy asks for each.
        in_colour: a colour version leaves: scenes that are not RGB are converted.
    """
    objections = {each.scene.pk: each.text for each in found.reasons if each.scene is not None}
    return Material(
        scenes=tuple(
            SceneFacts(
                number=number,
                start_frame=scene.start_frame,
                end_frame=scene.end_frame,
                approvers=tuple(approvers.get(scene.pk, ())),
                stages=tuple(stages.get(scene.pk, ())),
                objection=objections.get(scene.pk, ""),
                **_of_take(leaving.get(scene.pk), found.takes, in_colour=in_colour),
            )
            for number, scene in enumerate(found.scenes, start=1)
        ),
        missing=tuple(each.text for each in found.reasons if each.scene is None),
        rights=rights,
        transcript=transcript,
    )


def transcript_state(reel: Reel) -> str | None:
    """Of the newest transcript with lines of the reel's newest scan; None if there is none."""
    scan = reel.current_scan()
    newest = newest_with_lines(scan) if scan is not None else None
    if newest is None:
        return None
    lines = transcripts.layered(newest).shown
    left = sum(not line.answered for line in lines)
    if not left:
        return APPROVED
    return f"nobody answers for {left} of {len(lines)} lines of version {newest.number}"


def _of_take(take: Take | None, takes: TakeIndex, *, in_colour: bool) -> dict[str, Any]:
    """What the take that would leave says of a scene, or that there is none."""
    if take is None:
        return {"totals": None, "frames": tuple}
    pixel = take.manifest.get("picture", {}).get("pixel", "gbrp")
    converted = in_colour and PIXEL_FORMATS[pixel].model != "rgb"
    totals = totals_of(take)
    return {
        "totals": converted_totals(totals) if converted else totals,
        "frames": partial(frame_counts, take),
        "unlogged": tuple(_unlogged(take, takes)),
    }


def totals_of(take: Take) -> Totals:
    """As the manifest has them, which is what was approved; labels that it leaves out count 0."""
    written = take.manifest.get("totals") or take.totals
    filled = {
        plane: dict.fromkeys((label.name for label in Label), 0) | written[plane]
        for plane in ("structure", "colour")
    }
    return Totals.from_json(filled | {"pixels": written["pixels"]})


def frame_counts(take: Take) -> list[FrameCounts]:
    """The labels of each frame, from the take's own record.

    Empty if there is none, or none that the manifest vouches for.
    """
    known = take.manifest.get("files", {}).get(FRAMES, {}).get("sha256")
    try:
        written = (storage().folder(take.storage_key, FRAMES) / FRAMES).read_bytes()
        if known is not None and hashlib.sha256(written).hexdigest() != known:
            return []
        return [_counts(json.loads(line)) for line in written.decode("ascii").splitlines()]
    except (OSError, ValueError, KeyError):
        return []


def whole_frame_counts(take: Take) -> list[FrameCounts]:
    """The labels of each frame, where they are known of all: a lost record is not "nothing made".

    Raises: DeliveryError if a frame is missing, or they do not add up to the take's totals.
    """
    counts = frame_counts(take)
    complete = [each.frame for each in counts] == list(range(take.start_frame, take.end_frame))
    if not complete or sum((each.totals for each in counts), Totals()) != totals_of(take):
        raise DeliveryError(
            f"The record of {take.stage} take {take.number} of frames {take.start_frame} to "
            f"{take.end_frame - 1} ({FRAMES}) is lost or damaged, so nobody can say which frames "
            "were made; restore the file from a backup, or make the take again"
        )
    return counts


def _counts(line: dict[str, Any]) -> FrameCounts:
    return FrameCounts(int(line["frame"]), Totals.from_json(line))


def _unlogged(take: Take, takes: TakeIndex) -> list[str]:
    """Stages of the chain whose manifest lacks parameters, code or the record of what was done."""
    return [
        link.stage
        for link in cuts.chain(take, takes=takes)
        if not {"params", "code"} <= set(link.manifest)
        or FACTS not in link.manifest.get("files", {})
    ]
