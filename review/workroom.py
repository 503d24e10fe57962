"""A hidden folder in which a deliverable is made, that is renamed when whole and else removed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

_PREFIX = ".delivering-"


class Workroom:
    """Makes its parent if need be, and clears away what killed processes left there before."""

    path: Path

    def __init__(self, parent: Path) -> None:
        self.parent = parent.absolute()
        self._made_parent = False
        self._kept: Path | None = None

    def __enter__(self) -> Self:
        """Raises: OSError, such as for a parent that cannot be made or written."""
        self._made_parent = not self.parent.exists()
        self.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(self.parent)
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=self.parent))
        return self

    def keep_as(self, target: Path) -> None:
        """Give the folder its name, with everything in it on the disk."""
        for file in self.path.iterdir():
            _flush(file)
        self.path.chmod(0o755)
        self.path.rename(target)
        self._kept = target
        _flush(self.parent)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._kept is not None:
            return
        # The transaction that recorded the delivery failed after the rename: take it back too.
        shutil.rmtree(self._kept or self.path, ignore_errors=True)
        if self._made_parent and not any(self.parent.iterdir()):
            self.parent.rmdir()


def free_name(parent: Path, name: str) -> Path:
    """A path below `parent` that is not there yet: name-1, name-2 and so on."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"


def _clear_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        owner = re.match(rf"{re.escape(_PREFIX)}(\d+)-", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
