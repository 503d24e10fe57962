"""What a stage has finished, on disk: another attempt at the same work goes on from there."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

JOURNAL = "journal.jsonl"
"""In the folder of what a run has finished."""


@dataclass(frozen=True, slots=True)
class Journal:
    """JSON values in a file, one in a line, each whole on disk before the next is worked on.

    A process that is killed loses what it was working on, and no more. What another order left
    there, or another version of the stage, is not taken up.
    """

    path: Path
    order: str
    """Names the work: the digest of all that decides its result."""

    def entries(self) -> list[Any]:
        """What was finished before, in order; a last line that was cut off does not count."""
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        read: list[Any] = []
        for line in lines:
            try:
                read.append(json.loads(line))
            except ValueError:
                continue  # what a killed process was writing
        if not read or read[0] != {"order": self.order}:
            self.remove()
            return []
        return read[1:]

    def add(self, entry: Any) -> None:
        """Keep an entry; it is on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            if file.tell() == 0:
                file.write(_line({"order": self.order}))
            elif not self._ends_whole(file.tell()):
                file.write(b"\n")  # a cut-off line stays what it is, and the next begins anew
            file.write(_line(entry))
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Forget all of it; nothing to forget is fine."""
        self.path.unlink(missing_ok=True)

    def _ends_whole(self, size: int) -> bool:
        with self.path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) == b"\n"


@runtime_checkable
class Journalled(Protocol):
    """A clip that has a place for what a stage finishes."""

    journal: Journal | None


def journal_of(clip: object) -> Journal | None:
    """The clip's journal, if it has one."""
    return clip.journal if isinstance(clip, Journalled) else None


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
