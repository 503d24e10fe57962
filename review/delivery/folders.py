"""Where a queued delivery is written: a hidden folder for each attempt, renamed once it has left.

The row says what left; the folder's name follows. So a process killed between the two leaves a
folder that the sweeper can still name, and never a deliverable that no row knows.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DELIVERED = "deliverables"
"""Where a bucket has what was delivered: a folder for each attempt."""
_ATTEMPT = re.compile(r"\.attempt-(?P<delivery>\d+)-(?P<token>\d+)")


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """The folder of one attempt at one delivery; no other attempt ever writes there."""

    parent: Path
    delivery: int
    token: int

    @property
    def path(self) -> Path:
        return self.parent / f".attempt-{self.delivery}-{self.token}"

    @property
    def key(self) -> str:
        """Of the same in a bucket."""
        return f"{DELIVERED}/{self.delivery}-{self.token}"

    def make(self) -> None:
        """Raises: OSError."""
        self.path.mkdir(parents=True)

    def remove(self) -> None:
        """Removing nothing is fine."""
        shutil.rmtree(self.path, ignore_errors=True)

    def rename(self, target: Path) -> None:
        """Give it its name, over the empty folder that `reserve` made; again is fine."""
        if self.path.exists():
            target.mkdir(exist_ok=True)  # the sweeper may have taken a long reserved one away
            self.path.chmod(0o755)
            self.path.rename(target)
            _flush(self.parent)


def reserve(parent: Path, name: str) -> Path:
    """An empty folder of a name that was free: name-1, name-2 and so on.

    Raises: OSError.
    """
    number = 1
    while True:
        path = parent / f"{name}-{number}"
        with suppress(FileExistsError):
            path.mkdir()
            return path
        number += 1


def give_up(reserved: Path) -> None:
    """Free a name that was not used."""
    with suppress(OSError):  # used after all, or gone
        reserved.rmdir()


def attempts(parent: Path) -> Iterator[AttemptFolder]:
    """Every folder that an attempt wrote and that has no name yet."""
    for path in parent.glob(".attempt-*"):
        if match := _ATTEMPT.fullmatch(path.name):
            yield AttemptFolder(parent, int(match["delivery"]), int(match["token"]))


def in_bucket(parent: Path, names: Iterable[str]) -> Iterator[AttemptFolder]:
    """The same of what a bucket holds below DELIVERED."""
    for name in names:
        delivery, _, token = name.partition("-")
        if delivery.isdecimal() and token.isdecimal():
            yield AttemptFolder(parent, int(delivery), int(token))


def empty_folders(parent: Path) -> Iterator[Path]:
    """Names that were reserved and not used, or not yet."""
    for path in parent.glob("*-*"):
        if not path.name.startswith(".") and path.is_dir() and not any(path.iterdir()):
            yield path


def flush(folder: Path) -> None:
    """Have a folder and its files on the disk."""
    for path in [*folder.iterdir(), folder]:
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
