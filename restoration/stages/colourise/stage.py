"""Colour for black-and-white film: a person's hints lead, and what is made up is told apart.

L is kept to the rounding of the file. Hints are hard constraints; from them colour spreads inside
their frame by distance and luma, and through the scene by optical flow. With no network at all this
gives a usable result; the network proposes where nothing was painted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.colour import Plane
from restoration.imaging.tones import lightness_of
from restoration.stages import kept
from restoration.stages.colourise.advice import (
    UNDECIDED,
    WARN,
    Place,
    choose_places,
    doubt_grid,
    places_to_paint,
    undecided,
)
from restoration.stages.colourise.codes import Coloured, enlarge, write_codes
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.guides import MOST, guidance_of, table_of
from restoration.stages.colourise.hints import Hint, check_places, parse_hints
from restoration.stages.colourise.references import load_reference, parse_references
from restoration.stages.colourise.scene import Proposer, Scene, Still
from restoration.stages.colourise.source import Source, examine
from restoration.stages.contract import (
    JSON,
    Clip,
    Outcome,
    Progress,
    Stage,
    StageError,
    StageFrame,
    Weights,
)
from restoration.stages.memory import taking
from restoration.stages.segments import split_at_marks

ENGINES = ("spread", "network", "siggraph17")
TINTS = ("drop", "keep")
_CELLS = (12, 16)
_ADVISED = 5
"""Frames of a scene that are looked at for advice."""


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    hints: list[Any] = field(default_factory=list)
    """Painted patches: id, frame (of the scan), y, x, height, width (pixels of the picture), rgb
    (three codes of sRGB, 0 to 255), by (who, or null)."""
    engine: str = "spread"
    """`spread`: from hints alone. `network`: it proposes what no hint decides. `siggraph17`: so
    does the published network, if its file was supplied."""
    checkpoint: str = ""
    """SHA-256 of the file that was supplied for `siggraph17`."""
    references: list[Any] = field(default_factory=list)
    """Stills in colour: frame (of the scan, which it shows or resembles), sha256; a run
    is told beside them where the files lie."""
    tint: str = "drop"
    """Of sepia, tinted and toned film: `drop` it, or `keep` it under the colour."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {self.engine!r}")
        if self.tint not in TINTS:
            raise ValueError(f"tint must be one of {', '.join(TINTS)}, not {self.tint!r}")
        parse_hints(self.hints)
        parse_references(self.references)


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip in colour, as RGB of the scan's depth.

    Raises: StageError for a hint outside the scene or the picture, and for film that has colours.
    """
    hints = parse_hints(params.hints)
    check_places(hints, clip)
    stills = parse_references(params.references)
    if len(hints) + len(stills) > MOST:
        raise StageError(f"a scene can have {MOST} hints and references at most; split it")
    references = _load_references(clip, params)
    source = examine(clip)
    facts: dict[str, JSON] = {
        "source": source.as_json() | {"tint_kept": params.tint == "keep"},
        "engine": params.engine,
        "frames": [],
        "hints": [{"id": hint.id, "frame": hint.frame, "by": hint.by} for hint in hints],
        "references": _told(params),
        "guides": table_of(hints, stills),
        "undecided": 0.0,
        "warnings": [],
        "paint_next": [],
    }
    painting = _Painting(clip, params, hints, source, facts, progress)
    painting.references = references
    return Outcome(frames=painting.stream(), facts=facts)


def _load_references(clip: Clip, params: Params) -> dict[int, list[Still]]:
    """Raises: StageError for one that cannot be read or lies outside the scene."""
    found: dict[int, list[Still]] = {}
    first = len(parse_hints(params.hints))
    for guide, reference in enumerate(parse_references(params.references), start=first):
        if not clip.start_frame <= reference.frame < clip.end_frame:
            raise StageError(
                f"the reference {reference.name} is for frame {reference.frame}, outside the "
                f"scene's [{clip.start_frame}, {clip.end_frame})"
            )
        still = Still(load_reference(reference), guide)
        found.setdefault(reference.frame, []).append(still)
    return found


def _told(params: Params) -> list[JSON]:
    parsed = parse_references(params.references)
    return [{"frame": r.frame, "name": r.name, "sha256": r.sha256} for r in parsed]


class _Painting:
    """One run over a clip."""

    def __init__(
        self,
        clip: Clip,
        params: Params,
        hints: tuple[Hint, ...],
        source: Source,
        facts: dict[str, JSON],
        progress: Progress,
    ) -> None:
        self._clip, self._params, self._hints = clip, params, hints
        self._source, self._facts, self._progress = source, facts, progress
        self._done = 0
        self._total = clip.end_frame - clip.start_frame
        self._advised = _spread_out(clip.start_frame, clip.end_frame)
        self._places: list[Place] = []
        self.references: dict[int, list[Still]] = {}

    def stream(self) -> Iterator[StageFrame]:
        proposer = self._proposer()
        for segment in split_at_marks(
            self._clip.start_frame, self._clip.end_frame, self._clip.marks
        ):
            scene = Scene(
                self._clip,
                segment,
                self._hints,
                proposer=proposer,
                references=self.references,
                beat=self._beat,
            )
            if self._hints and not scene.keys:
                self._warn(
                    f"frames {segment.start} to {segment.stop - 1} lie beyond a splice and have no "
                    "hint of their own; paint one there"
                )
            for frame, found in scene.fields():
                yield self._finish(frame, found, scene.lightness(frame))
            for wall in sorted(scene.walls):
                self._warn(
                    f"frame {wall} cannot be followed from the one before and got no colour from "
                    "there; make a cut if it is one, else paint a hint beyond it"
                )
        self._conclude()

    def _proposer(self) -> Proposer | None:
        if self._params.engine == "spread":
            return None
        try:
            return self._network()
        except ModuleNotFoundError as missing:
            self._facts["engine"] = "spread"
            self._warn(f"{missing.name} is not installed; colour was spread from hints alone")
            return None

    def _network(self) -> Proposer:
        """Raises: ModuleNotFoundError without torch, StageError or WeightsError without weights."""
        if self._params.engine == "siggraph17":
            from restoration.stages.colourise.siggraph17 import GuidedByHints

            return GuidedByHints(self._params.checkpoint)
        from restoration.stages.colourise.judging import Colourist

        colourist: Proposer = kept.network(NETWORK, Colourist)
        return colourist

    def _beat(self) -> None:
        """Work that makes no frame yet; lets a cancelled run end."""
        self._progress(self._done, self._total)

    def _warn(self, words: str) -> None:
        self._facts["warnings"].append(words)

    def _finish(self, frame: int, found: Field, small: Plane) -> StageFrame:
        picture = next(iter(self._clip.frames(frame, frame + 1)))
        full = lightness_of(picture, self._clip.format)
        ab, painted_by = self._colours(frame, found, small, full)
        made = write_codes(
            picture,
            self._clip.format,
            full,
            ab,
            painted=painted_by > 0,
            keep_tint=self._params.tint == "keep",
        )
        self._note(frame, found, small, made, picture)
        self._done += 1
        self._progress(self._done, self._total)
        guidance = guidance_of(found, painted_by, made.colour)
        return StageFrame(made.picture, made.structure, made.colour, guidance=guidance)

    def _colours(
        self, frame: int, found: Field, small: Plane, full: Plane
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint16]]:
        """a and b of every pixel, and the number of the hint that a person entered it with."""
        ab = enlarge(found.ab, small, full)
        if self._params.tint == "keep" and self._source.kind == "tinted":
            added = (ab != 0).any(axis=-1, keepdims=True)
            ab = np.asarray(ab + added * self._source.tint_at(full), np.float32)
        painted_by = np.zeros(full.shape, np.uint16)
        for number, hint in enumerate(self._hints, start=1):
            if hint.frame == frame:
                ab = ab.copy() if not painted_by.any() else ab
                ab[hint.box], painted_by[hint.box] = hint.ab, number
        return ab, painted_by

    def _note(
        self, frame: int, found: Field, small: Plane, made: Coloured, picture: Picture
    ) -> None:
        open_yet = float(undecided(small, found.evidence).mean())
        record: dict[str, JSON] = {
            "frame": frame,
            "uncertainty": round(1 - float(found.evidence.mean()), 4),
            "undecided": round(open_yet, 4),
            "out_of_gamut": int(made.faint.sum()),
            "doubt": doubt_grid(small, found.evidence),
            "from": self._shares(found),
            "from_grid": _coarse(self._by_hint(found)),
        }
        self._facts["frames"].append(record)
        self._facts["undecided"] += open_yet / self._total
        if frame in self._advised:
            size = (picture.height, picture.width)
            self._places += places_to_paint(frame, small, found.evidence, size)

    def _shares(self, found: Field) -> dict[str, float]:
        """Share of the frame whose colour each hint decides, by the hint's id.

        A pixel has a nearest hint however far that is, so only those that are decided count.
        """
        decided = self._by_hint(found)[found.evidence >= UNDECIDED]
        counts = np.bincount(decided + 1, minlength=len(self._hints) + 1)
        return {
            hint.id: round(float(count) / found.owner.size, 4)
            for hint, count in zip(self._hints, counts[1:], strict=True)
            if count
        }

    def _by_hint(self, found: Field) -> npt.NDArray[np.int16]:
        """The hint that each colour came from; -1 for none, or a reference."""
        return np.where(found.owner < len(self._hints), found.owner, np.int16(-1))

    def _conclude(self) -> None:
        size = (self._clip.format.height, self._clip.format.width)
        share = round(float(self._facts["undecided"]), 4)
        self._facts["undecided"] = share
        self._facts["paint_next"] = [p.as_json() for p in choose_places(self._places, size)]
        if share > WARN:
            self._warn(
                f"{100 * share:.0f} % of this scene is undecided: its colour there is a safe "
                "average and says nothing of what was before the camera"
            )


def _coarse(owner: npt.NDArray[np.int16]) -> list[list[int]]:
    """The nearest hint at the middle of each cell of 12 x 16, by its place in `facts["hints"]`."""
    rows, columns = (
        ((np.arange(count) + 0.5) * size / count).astype(int)
        for count, size in zip(_CELLS, owner.shape, strict=True)
    )
    cells: list[list[int]] = owner[np.ix_(rows, columns)].tolist()
    return cells


def _spread_out(start: int, stop: int) -> set[int]:
    length = stop - start
    count = min(_ADVISED, length)
    return {start + (2 * n + 1) * length // (2 * count) for n in range(count)}


NETWORK = "colourise"
"""Name of the weights in weights.toml."""


def weights_of(params: Params) -> tuple[str | Weights, ...]:
    """The network that an engine asks; of `siggraph17`, the file that was supplied."""
    if params.engine == "network":
        return (NETWORK,)
    if params.engine == "siggraph17" and params.checkpoint:
        return (Weights("siggraph17", params.checkpoint),)
    return ()


STAGE = Stage(
    name="colourise",
    version="7",
    queue="cpu",
    makes="pictures",
    params=Params,
    run=run,
    memory=taking(700, 400),
    weights=weights_of,
)
