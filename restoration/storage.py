"""Where takes live: one folder for each attempt of a run, under one root.

A key is a relative path such as `takes/<scan>/<start>-<end>/<stage>/<run>-<attempt>`. It is written
once, by one attempt, and published by the database row of the Take that names it; nothing relies on
renaming, so the same holds for a bucket of objects.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from django.conf import settings

from restoration.errors import UnsafeKey

_ATTEMPT = re.compile(r"(?P<run>\d+)-(?P<attempt>\d+)")


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """A folder of takes as found on disk."""

    key: str
    run: int
    attempt: int


class Storage:
    """Folders below one root, by key."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        """The folder of that key; it need not exist.

        Raises: UnsafeKey for a key that would leave the root.
        """
        path = PurePosixPath(key)
        if not key or path.is_absolute() or ".." in path.parts or "\x00" in key:
            raise UnsafeKey(f"{key!r} is no storage key: keys are relative paths below the store")
        return self.root / path

    def exists(self, key: str) -> bool:
        return self.folder(key).is_dir()

    def remove(self, key: str) -> None:
        """Remove the folder and those above it that it leaves empty. Removing nothing is fine."""
        folder = self.folder(key)
        shutil.rmtree(folder, ignore_errors=True)
        for above in folder.parents:
            if above == self.root:
                return
            try:
                above.rmdir()
            except OSError:  # Not empty, or gone already: another run's folder lives there.
                return

    def attempts(self) -> Iterator[AttemptFolder]:
        """Every folder that an attempt of a run may have written."""
        for folder in self.root.glob("takes/*/*/*/*"):
            match = _ATTEMPT.fullmatch(folder.name)
            if match and folder.is_dir():
                key = folder.relative_to(self.root).as_posix()
                yield AttemptFolder(key, int(match["run"]), int(match["attempt"]))

    def chunks(self) -> Iterator[str]:
        """The keys of what was put away of runs that have not ended well."""
        for folder in self.root.glob("chunks/*"):
            if folder.is_dir():
                yield folder.relative_to(self.root).as_posix()

    def free_bytes(self) -> int:
        self.root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.root).free


@cache
def _storage(root: Path) -> Storage:
    return Storage(root)


def storage() -> Storage:
    """The store that the settings name."""
    return _storage(Path(settings.MEDIA_HOME))


def attempt_key(
    *, scan_sha256: str, start_frame: int, end_frame: int, stage: str, run: int, attempt: int
) -> str:
    """Where one attempt of one run writes; no other attempt ever writes there."""
    return f"takes/{scan_sha256[:12]}/{start_frame}-{end_frame}/{stage}/{run}-{attempt}"


def chunks_key(run_key: str) -> str:
    """Where the attempts of one run, and of any other that makes the same, put away chunks."""
    return f"chunks/{run_key}"
