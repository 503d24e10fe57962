"""What a run has made so far, put away chunk by chunk, so that one that was killed goes on.

A chunk is a folder: the stage's own pictures, labels and heat, coded as a take's are, the stage's
facts as they stood after its last frame, and the digests of these files and of what they were made
of. It gets its name only once it is whole, and is used again only if every byte is as it was and
inputs, parameters, code, weights and libraries are the same: each chunk says that for itself, since
one that could not be removed may lie beside those of another run. The take itself is then written
as if nothing had happened, of the frames that were kept and those that are still made: the same
bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import numpy as np

from archive.fixity import canonical_json, digest_json, sha256_file
from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.errors import WriteFailed
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.mapfile import MapReader, MapWriter
from restoration.provenance import FrameMap
from restoration.recording import HEAT, MAP, PICTURE, form_of, heat_form
from restoration.stages.contract import Outcome, Progress, Stage, StageFrame
from restoration.stages.segments import Segment, split_at_marks

_FACTS, _DIGESTS, _KEY, _LOCK = "facts.json", "digests.json", "key.json", "lock"


def chunks_of(start: int, end: int, marks: Sequence[int], length: int) -> list[Segment]:
    """The chunks of a range: they begin anew at every splice mark, and none is longer."""
    return [
        Segment(first, min(first + length, segment.stop))
        for segment in split_at_marks(start, end, marks)
        for first in range(segment.start, segment.stop, length)
    ]


def is_worth_it(stage: Stage, start: int, end: int, marks: Sequence[int]) -> bool:
    """Whether chunks of the range are put away: where the stage can go on, and needs it."""
    if stage.resume is None:
        return False
    return stage.keeps_single or len(chunks_of(start, end, marks, stage.chunk)) > 1


@dataclass(frozen=True, slots=True)
class _Kept:
    """A chunk on disk."""

    folder: Path
    facts: dict[str, Any]

    def frames(self) -> Iterator[StageFrame]:
        with contextlib.ExitStack() as opened:
            pictures = opened.enter_context(open_source(self.folder / PICTURE))
            heats: Iterator[Picture] | None = None
            if (self.folder / HEAT).exists():
                heats = opened.enter_context(open_source(self.folder / HEAT)).frames()
            maps = MapReader(self.folder / MAP).frames()
            for picture, labels in zip(pictures.frames(), maps, strict=True):
                heat = None if heats is None else next(heats).planes[0].astype(np.uint8, copy=False)
                yield StageFrame(
                    picture,
                    labels.structure,
                    labels.colour,
                    labels.sources,
                    heat=heat,
                    guidance=labels.guidance,
                )


class _Writer:
    """A chunk in the making."""

    def __init__(self, folder: Path, read: PictureFormat, key: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder, self._read, self._key = folder, read, key
        self._opened = contextlib.ExitStack()
        self._pictures: PictureWriter | None = None
        self._maps: MapWriter | None = None
        self._heats: PictureWriter | None = None

    def write(self, made: StageFrame) -> None:
        if self._pictures is None or self._maps is None:
            form = form_of(self._read, made.picture)
            self._pictures = self._opened.enter_context(PictureWriter(self._folder / PICTURE, form))
            self._maps = self._opened.enter_context(
                MapWriter(self._folder / MAP, width=form.width, height=form.height, rate=form.rate)
            )
            if made.heat is not None:
                self._heats = self._opened.enter_context(
                    PictureWriter(self._folder / HEAT, heat_form(form))
                )
        self._pictures.write(made.picture)
        self._maps.write(
            FrameMap(made.structure, made.colour, made.sources, guidance=made.guidance)
        )
        if self._heats is not None and made.heat is not None:
            self._heats.write(Picture(PIXEL_FORMATS["gray"], (made.heat,)))

    def finish(self, name: Path, facts: dict[str, Any]) -> None:
        """Complete the files and give the folder its name."""
        self._opened.close()
        (self._folder / _FACTS).write_bytes(canonical_json(facts))
        digests = {path.name: sha256_file(path) for path in sorted(self._folder.iterdir())}
        said = {"key": self._key, "files": digests}
        (self._folder / _DIGESTS).write_bytes(canonical_json(said))
        shutil.rmtree(name, ignore_errors=True)
        self._folder.rename(name)

    def abandon(self) -> None:
        with contextlib.suppress(OSError, WriteFailed):
            self._opened.__exit__(WriteFailed, WriteFailed("abandoned"), None)
        shutil.rmtree(self._folder, ignore_errors=True)


class KeptChunks:
    """The folder in which one run's chunks lie; nobody else's while it is open."""

    def __init__(self, folder: Path, key: dict[str, Any]) -> None:
        """Chunks that were made of something else are removed.

        Args:
            key: everything that decides what the stage makes.
        """
        self._folder, self._key = folder, digest_json(key)
        self._lock: TextIO | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # Another process makes the same: it keeps them, this one does without.
            lock.close()
            return
        self._lock = lock
        held = folder / _KEY
        if not held.exists() or held.read_text(encoding="ascii") != self._key:
            self._remove_from(0)
            held.write_text(self._key, encoding="ascii")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Keep nothing more."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def sound(self, count: int) -> list[_Kept]:
        """The whole chunks from the first on, up to one that is missing or not as it was."""
        found: list[_Kept] = []
        if self._lock is None:
            return found
        for number in range(count):
            kept = _read(self._place(number), self._key)
            if kept is None:
                break
            found.append(kept)
        self._remove_from(len(found))
        return found

    def keep(
        self, number: int, frames: Iterator[StageFrame], read: PictureFormat, facts: dict[str, Any]
    ) -> Iterator[StageFrame]:
        """Hand on the frames of a chunk, and put them away before the last is handed on.

        Without room for them the run goes on without keeping any.
        """
        writer = self._begin(number, read)
        try:
            before: StageFrame | None = None
            for made in frames:
                if before is not None:
                    yield before
                before = made
                writer = self._try(writer, made)
            if writer is not None:
                self._end(writer, number, facts)
                writer = None
            if before is not None:
                yield before
        finally:
            if writer is not None:
                writer.abandon()

    def _begin(self, number: int, read: PictureFormat) -> _Writer | None:
        if self._lock is None:
            return None
        with contextlib.suppress(OSError):
            return _Writer(self._place(number).with_suffix(".part"), read, self._key)
        self._give_up(None)
        return None

    def _try(self, writer: _Writer | None, made: StageFrame) -> _Writer | None:
        if writer is None:
            return None
        try:
            writer.write(made)
        except (OSError, WriteFailed):
            self._give_up(writer)
            return None
        return writer

    def _end(self, writer: _Writer, number: int, facts: dict[str, Any]) -> None:
        try:
            writer.finish(self._place(number), facts)
        except (OSError, WriteFailed):
            self._give_up(writer)

    def _give_up(self, writer: _Writer | None) -> None:
        """No room: what was kept makes room for the take, and no more is kept."""
        if writer is not None:
            writer.abandon()
        self._remove_from(0)
        self.let_go()

    def _place(self, number: int) -> Path:
        return self._folder / f"{number:05d}"

    def _remove_from(self, number: int) -> None:
        for found in self._folder.glob("[0-9]*"):
            if found.name >= self._place(number).name:
                shutil.rmtree(found, ignore_errors=True)


def _read(folder: Path, key: str) -> _Kept | None:
    """The chunk, if it was made of just this and is as it was."""
    try:
        said = json.loads((folder / _DIGESTS).read_bytes())
        if said.get("key") != key:
            return None
        digests = said["files"]
        facts = json.loads((folder / _FACTS).read_bytes())
        sound = all(sha256_file(folder / name) == sha256 for name, sha256 in digests.items())
    except (OSError, ValueError, KeyError):
        return None
    return _Kept(folder, facts) if sound and {PICTURE, MAP, _FACTS} <= set(digests) else None


def go_on(
    stage: Stage, clip: Any, given: Any, progress: Progress, kept: KeptChunks | None
) -> Outcome:
    """What the stage makes of the clip; the chunks that were kept are not made again.

    Args:
        clip: of `restoration.clip`. given: the stage's Params.
        kept: None if nothing is to be kept, or the stage cannot begin in the middle.
    """
    if kept is None or stage.resume is None:
        return stage.run(clip, given, progress)
    chunks = chunks_of(clip.start_frame, clip.end_frame, clip.marks, stage.chunk)
    found = kept.sound(len(chunks))
    first = chunks[len(found) - 1].stop if found else clip.start_frame
    outcome = stage.resume(clip, given, progress, first, found[-1].facts if found else None)
    total = clip.end_frame - clip.start_frame

    def stream() -> Iterator[StageFrame]:
        done = 0
        for held in found:
            for made in held.frames():
                yield made
                done += 1
                progress(done, total)
        for number, chunk in enumerate(chunks[len(found) :], start=len(found)):
            frames = _some(outcome.frames, chunk.stop - chunk.start)
            yield from kept.keep(number, frames, clip.format, outcome.facts)
        yield from outcome.frames  # None, but the stage concludes its facts only now.

    return Outcome(stream(), outcome.facts)


def _some(frames: Iterator[StageFrame], count: int) -> Iterator[StageFrame]:
    """The next so many frames, without asking for one more."""
    for _ in range(count):
        made = next(frames, None)
        if made is None:
            return
        yield made
