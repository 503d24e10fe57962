"""A reel as it leaves, in values: what the formats are written from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.media.pixels import PictureFormat
from restoration.provenance import Label, Totals
from review.formats.spoken import Spoken
from review.override import Override
from review.version_choice import RESTORATION


class DeliveryError(Exception):
    """A file could not be made, or is not what it must be; the message says what to do next."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn in the thread below a note."""

    kind: str
    """`answer`, `resolved` or `reopened`."""
    text: str
    by: str
    at: str
    """ISO 8601."""

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "text": self.text, "by": self.by, "at": self.at}


@dataclass(frozen=True, slots=True)
class Remark:
    """A note on frames [start_frame, end_frame) of the scan."""

    start_frame: int
    end_frame: int
    text: str
    by: str
    at: str
    """ISO 8601."""
    resolved: bool
    number: int = 0
    resolved_by: str = ""
    resolved_at: str = ""
    """ISO 8601."""
    thread: tuple[Turn, ...] = ()
    drawing: tuple[dict[str, Any], ...] = ()
    """Shapes in the scan's luma pixels, as `review.drawings` writes them."""

    def facts(self) -> dict[str, Any]:
        """What else there is to it than its frames and text, as JSON values."""
        return {
            "by": self.by,
            "at": self.at,
            "resolved": self.resolved,
            "resolved_by": self.resolved_by,
            "resolved_at": self.resolved_at,
            "thread": [turn.as_json() for turn in self.thread],
            "drawing": list(self.drawing),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Who approved, when, and the manifest digest of what they approved."""

    by: str
    at: str
    """ISO 8601."""
    digest: str
    comment: str

    def as_json(self) -> dict[str, str]:
        return {"by": self.by, "at": self.at, "digest": self.digest, "comment": self.comment}


MACHINE, HAND, COPIED = "machine-made", "by hand", "recovered"
"""What is marked: SYNTHESISED and NOT_MEASURED; HUMAN; RECOVERED."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Frames [start_frame, end_frame) of the scan in which labels of one kind occur."""

    start_frame: int
    end_frame: int
    plane: str
    """`structure` or `colour`."""
    kind: str
    """MACHINE, HAND or COPIED."""

    def as_json(self) -> dict[str, Any]:
        frames = [self.start_frame, self.end_frame]
        return {"frames": frames, "plane": self.plane, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Cue:
    """Frames [start_frame, end_frame) in which one stage made picture or colour of one kind.

    Ranges with less than a second between them are one cue; `frames` says in how many it did.
    """

    start_frame: int
    end_frame: int
    frames: int
    plane: str
    kind: str
    """MACHINE, HAND or COPIED."""
    most: float
    """The largest share of a frame's pixels, 0 to 1."""
    mean: float
    """The share of the pixels of those frames."""
    stage: str
    take: int
    version: str
    """Of the stage."""
    models: tuple[str, ...]
    """Networks that it loaded, each with the SHA-256 of its weights."""
    settings: dict[str, Any]
    """Its parameters."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """One stage of the chain that made a take: what ran, what it was told, where it recorded it."""

    stage: str
    take: int
    digest: str
    """Of its manifest."""
    version: str
    """Of the stage."""
    code: str
    """SHA-256 of the code that ran; empty where the manifest has none."""
    models: tuple[str, ...]
    """Networks that it loaded, each with the SHA-256 of its weights."""
    settings: dict[str, Any]
    """Its parameters."""
    facts: Path
    """All that it recorded, such as the gain of each frame."""
    facts_sha256: str
    """Empty where it recorded nothing."""

    def as_json(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "take": self.take,
            "manifest_digest": self.digest,
            "version": self.version,
            "code_sha256": self.code,
            "models": list(self.models),
            "settings": self.settings,
            "facts_sha256": self.facts_sha256,
        }


@dataclass(frozen=True, slots=True)
class EditionTake:
    """The approved take of a scene: where its files lie and what their digests are."""

    stage: str
    number: int
    digest: str
    """Of the manifest."""
    picture: Path
    picture_sha256: str
    framemd5: str
    """SHA-256 over the MD5s of its frames, a line each."""
    provenance: Path
    """The provenance map."""
    provenance_sha256: str
    totals: dict[str, Any]
    """Pixels per plane and label, as `restoration.provenance.Totals.as_json` writes them."""
    treatments: tuple[Treatment, ...]
    """The chain that made it, first stage first."""
    form: PictureFormat
    """Of its pictures: a colour version is RGB, whatever its scan is."""
    version: str = RESTORATION
    """One of `review.version_choice.VERSIONS`."""

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages in that chain."""
        return tuple(each.stage for each in self.treatments)


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """An approved take of the scene's other version, which does not leave but is named."""

    take: EditionTake
    decision: Decision


@dataclass(frozen=True, slots=True)
class EditionScene:
    """Frames [start_frame, end_frame) of the scan, and the take that stands for them."""

    number: int
    kind: str
    start_frame: int
    end_frame: int
    take: EditionTake
    decision: Decision | None
    """The newest approval; None where the policy lets a scene leave that nobody approved."""
    remarks: tuple[Remark, ...] = ()
    other: OtherVersion | None = None
    """The other version's approved take, if it has one that is fresh."""
    approvals: tuple[Decision, ...] = ()
    """All approvals of the take that hold, one a person, the newest first."""
    unapproved: str = ""
    """Why there is no approval that holds."""
    marked: tuple[Marked, ...] = ()
    """Where a machine or a person made picture or colour, in order."""
    cues: tuple[Cue, ...] = ()
    """The same by what made it, for the cue sheet."""
    guides: tuple[dict[str, Any], ...] = ()
    """What the numbers of its map's hint plane stand for: hints and stills, with their palette's
    entry, its source and who decided."""

    @property
    def frames(self) -> int:
        return self.end_frame - self.start_frame

    @property
    def decided(self) -> tuple[Decision, ...]:
        """Whose word it leaves on, the newest first; nobody's where it is not approved."""
        return self.approvals or ((self.decision,) if self.decision else ())

    @property
    def approved_by(self) -> str:
        """Their names; empty where it is not approved."""
        return ", ".join(each.by for each in self.decided)


@dataclass(frozen=True, slots=True)
class EditionScan:
    """The scan that everything was made from."""

    path: Path
    sha256: str
    frames: int
    rate: Fraction
    variable_rate: bool
    start_timecode: str
    """Empty if the scan has none: the timeline then starts at zero."""
    start_count: int
    """The start timecode as a count of frames."""
    width: int
    height: int
    pixel_format: str
    audio: tuple[dict[str, Any], ...]
    """One object for each audio track, as it was probed."""
    table: Path | None
    """The frame table."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A reel's scenes in order, covering every frame of its scan."""

    title: str
    reel: str
    use: str
    scan: EditionScan
    scenes: tuple[EditionScene, ...]
    version: str = RESTORATION
    """Which leaves; of a colour delivery single scenes may have been left as restored."""
    tape: str = "REEL"
    """What edit decision lists call the reel: at most eight letters and digits, unlike any other
    reel's of the catalogue."""
    policy: dict[str, Any] = field(default_factory=dict)
    """How the policy of the use was held, as `review.gate.Decision.as_json` writes it."""
    rights: tuple[str, ...] = ()
    """What the catalogue says of the title's rights, each with its holder."""
    encloses_map: bool = False
    """The provenance map goes along in every format."""
    marking: tuple[str, ...] = ()
    """What the policy has viewing copies show of their origin: of `review.policies.MARKS`."""
    encloses_log: bool = False
    """What each stage recorded goes along in every format."""
    counts_again: bool = False
    """Labels are limited: the maps are counted again before anything leaves."""
    carrier: tuple[tuple[str, str], ...] = ()
    """What the catalogue says of title and element: a name and a value each."""
    condition: tuple[str, ...] = ()
    """What was found at accession and by the detection of cuts, a sentence each."""
    spoken: Spoken | None = None
    """What is said in the scan; None where nobody wrote it down, or nothing is said."""
    translation: Spoken | None = None
    """The same in English by a machine; None where it has none, or the policy asks for a person."""
    reels: tuple[Edition, ...] = ()
    """Of a timeline of the whole element: all its reels in order, this one among them."""

    @property
    def cuts(self) -> list[int]:
        """First frames of all scenes but the first."""
        return [scene.start_frame for scene in self.scenes[1:]]

    @property
    def override(self) -> Override | None:
        return Override.from_json(self.policy.get("override") or {})

    @property
    def form(self) -> PictureFormat:
        """In which the whole reel leaves: that of its coloured scenes, if there are any.

        Its rate is the reel's, whatever a take says of its own.

        Raises: DeliveryError if its takes have no one format.
        """
        forms = [scene.take.form for scene in self.scenes]
        if self.version != RESTORATION:
            forms = [form for form in forms if form.pixel.model == "rgb"] or forms
        kinds = {f"{form.width} x {form.height} {form.pixel.name}" for form in forms}
        if len(kinds) != 1:
            raise DeliveryError(
                f"The approved takes are of several formats ({', '.join(sorted(kinds))}) and "
                "cannot be one film; make those takes again that differ"
            )
        return replace(forms[0], rate=self.scan.rate)

    def is_converted(self, scene: EditionScene) -> bool:
        """Whether a scene that was not coloured is put into the format of those that were."""
        return self.version != RESTORATION and scene.take.form.pixel.model != "rgb"

    def totals_of(self, scene: EditionScene) -> dict[str, Any]:
        """Pixels per plane and label of the scene as it leaves, as `Totals.as_json` writes them."""
        totals = scene.take.totals
        if not self.is_converted(scene):
            return totals
        return converted_totals(Totals.from_json(totals)).as_json()

    def said_in(self, scene: EditionScene) -> list[dict[str, Any]]:
        """The lines that begin in the scene, each with who answers for it."""
        if self.spoken is None:
            return []
        return self.spoken.told(self.scan.rate, scene.start_frame, scene.end_frame)

    @property
    def totals(self) -> Totals:
        return sum((Totals.from_json(self.totals_of(scene)) for scene in self.scenes), Totals())


def converted_totals(totals: Totals) -> Totals:
    """Of a take that was put into another format, in which nothing is ORIGINAL any more."""
    structure, colour = dict(totals.structure), dict(totals.colour)
    for counts in (structure, colour):
        counts[Label.ADJUSTED] += counts[Label.ORIGINAL]
        counts[Label.ORIGINAL] = 0
    return Totals(structure, colour, totals.pixels)


def rate_text(rate: Fraction) -> str:
    """The exact rate, such as "24000/1001"."""
    return f"{rate.numerator}/{rate.denominator}"
