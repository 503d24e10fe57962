"""What a stage has to know, and nothing more: a clip in, an outcome out.

A stage reads pictures from a `Clip`, and gives back an `Outcome` that streams one `StageFrame` per
frame of the clip. It labels only its own operation; the engine composes those labels with the maps
of the takes that came before (`restoration.provenance.compose`), writes, reads back and verifies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PictureFormat
from restoration.provenance.labels import Guidance, Sources
from restoration.stages.memory import Memory, taking

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all) after every frame; may raise `Cancelled`.

Called with the same numbers again within a frame that takes minutes: a process that tells nothing
for long is ended."""

JSON = Any

__all__ = [
    "JSON",
    "Cancelled",
    "Clip",
    "Guidance",
    "Outcome",
    "Progress",
    "Sources",
    "Stage",
    "StageError",
    "StageFrame",
    "Weights",
    "require_frames",
]


class StageError(Exception):
    """A stage cannot go on; the message says why and what to do next."""


class Cancelled(Exception):
    """Raised by `progress` when the run was cancelled or its lease was lost."""


class Clip(Protocol):
    """The frames of one scene, numbered as in the scan."""

    format: PictureFormat
    start_frame: int
    end_frame: int
    """Half-open: the first frame that no longer belongs to the clip."""
    device: str
    """What networks compute on, as torch names it: `cpu`, or `cuda`."""
    marks: tuple[int, ...]
    """Frames inside the clip before which the film was cut and spliced; motion does not cross."""

    def frames(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode scan frames [start, stop), which must lie inside the clip."""
        ...

    def sound(self, rate_hz: int) -> Iterator[npt.NDArray[np.float32]] | None:
        """What sounds while the clip's frames are shown, mixed to one channel, in [-1, 1].

        Pieces of any length, whose first sample sounds as the clip's first frame appears. None if
        the film is silent.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class StageFrame:
    """One frame that a stage made, with the labels of the stage's own operation.

    structure, colour: uint8 (H, W) at luma resolution, values of `restoration.provenance.Label`.
    ORIGINAL here means "same code value as the stage's input". RGB: both planes are equal.
    sources: None if every pixel carries the value of its own place (changed or not).
    guidance: where colour was added, which of `facts["guides"]` each came from, and its doubt.
    by_hand: HUMAN here is a person's change of the value that stood there, not a value entered in
        its place: what the input's map says of it still counts, and its lightness may change.
    taps: pixels to each side of a value's source, or own place, that were mixed into it where the
        picture was moved: what the input's map says of any of them counts.
    heat: uint8 (H, W), the error to expect of luma in quarters of an 8-bit code, from a stage that
        can tell; it then comes with every frame.
    """

    picture: Picture
    structure: npt.NDArray[np.uint8]
    colour: npt.NDArray[np.uint8]
    sources: Sources | None = None
    by_hand: bool = False
    heat: npt.NDArray[np.uint8] | None = None
    guidance: Guidance | None = None
    taps: int = 0


@dataclass(slots=True)
class Outcome:
    """What a stage made.

    frames: in order, one for each frame of the clip, streamed; empty for stages that only find.
    facts: what was recorded (parameters per frame, counts); JSON values with integers, strings and
        floats; complete only once `frames` is exhausted. For cuts: `cuts`, `gradual`, `marks`.
    """

    frames: Iterator[StageFrame] = field(default_factory=lambda: iter(()))
    facts: dict[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weights:
    """A network's weights that a stage loaded."""

    name: str
    sha256: str
    """Of its file; of several files, the digest of their names and digests."""


def _no_weights(params: Any) -> tuple[str, ...]:
    return ()


_OF_PICTURES = taking(300)


def require_frames(
    stages: Sequence[Stage], field_order: str, *, on_take: bool = False, whole: bool = False
) -> None:
    """Refuse interlaced film for a chain of stages, up to the one that makes whole frames of it.

    Args:
        field_order: the scan's, as a probe names it.
        on_take: the chain works on a take, not on the scan itself.
        whole: and that take's frames are whole already.
    Raises: StageError that says what to do.
    """
    for stage in stages:
        if stage.makes_whole_frames and on_take:
            raise StageError(
                f"{stage.name} works on the scan's own frames, before anything else changes them; "
                "start it alone or name it first"
            )
        stage.require_frames("progressive" if whole else field_order)
        whole = whole or stage.makes_whole_frames
        on_take = on_take or stage.makes == "pictures"


@dataclass(frozen=True, slots=True)
class Stage:
    """One entry of `STAGES`."""

    name: str
    version: str
    """Raised by hand with every change that can change a code value; part of the run key."""
    queue: Literal["cpu", "gpu"]
    makes: Literal["pictures", "findings"]
    params: type[Any]
    """A frozen dataclass whose fields all have defaults; stored as JSON on the run."""
    run: Callable[[Clip, Any, Progress], Outcome]
    weights: Callable[[Any], Sequence[str | Weights]] = _no_weights
    """What it loads with such Params: names in weights.toml, or weights that the user supplied."""
    memory: Memory = _OF_PICTURES
    """Bytes that a run takes at most, by its parameters and the size of its pictures."""
    tells_heat: bool = False
    """Whether its frames come with `StageFrame.heat`."""
    whole_frames_only: bool = False
    """Whether it refuses film whose frames are two fields of different moments."""
    makes_whole_frames: bool = False
    """Whether it makes whole frames of such film; its parameter `first` says which field comes
    first."""

    resume: Callable[[Clip, Any, Progress, int, dict[str, JSON] | None], Outcome] | None = None
    """Like `run`, but its frames begin with that one, and its facts go on from those given.

    The frame is the first of a chunk, or the clip's end, and the facts are as they stood when the
    frame before it was handed on; None at the clip's start. The same codes and facts as `run`
    makes. None: it cannot begin in the middle."""
    chunk: int = 0
    """Frames, from the clip's start or a splice mark on, after which `resume` can begin."""
    keeps_single: bool = True
    """Whether the only chunk of a short clip is put away too, for an attempt that dies while it is
    read back: not where making it anew costs little more than writing it twice."""

    def require_frames(self, field_order: str) -> None:
        """Refuse interlaced film.

        Args:
            field_order: as a probe names it.
        Raises: StageError that says what to do.
        """
        if self.whole_frames_only and field_order != "progressive":
            told = "the order is unknown" if field_order == "unknown" else field_order
            raise StageError(
                f"{self.name} wants whole frames, and this film is interlaced ({told}): its "
                "fields show different moments. Run the stage deinterlace first and this one on "
                f"its take; on the command line: --stage deinterlace,{self.name}"
            )

    def for_film(self, values: Mapping[str, JSON], field_order: str) -> dict[str, JSON]:
        """The parameters, with the field order of a film where the stage asks for it.

        Args:
            field_order: as a probe names it.
        """
        first = field_order.removesuffix(" first")
        if self.makes_whole_frames and not values.get("first") and first in ("top", "bottom"):
            return {**values, "first": first}
        return dict(values)

    def parse(self, values: Mapping[str, JSON]) -> Any:
        """Make the Params from JSON values.

        Raises: StageError naming an unknown parameter or one of the wrong type.
        """
        from restoration.stages.parameters import parse_params

        return parse_params(self.name, self.params, values)
