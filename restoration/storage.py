"""Where takes live: one folder for each attempt of a run, under one root, or in a bucket.

A key is a relative path such as `takes/<scan>/<start>-<end>/<stage>/<run>-<attempt>`. It is written
once, by one attempt, and published by the database row of the Take that names it; nothing relies on
renaming, so the same holds for a bucket of objects (`archive.stored`). With one, `folder` fetches
what is not here, `keep` writes through what was made, and `place` only says where something lies.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from django.conf import settings

from archive import stored
from archive.bucket import Told
from archive.models import StoredFile
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

    def folder(self, key: str, *names: str, told: Told = stored.quietly) -> Path:
        """The folder, or file, of that key; it need not exist. What a bucket has of it is here.

        Args:
            names: only these of its files are wanted.
            told: called while files travel; may raise to break it off.
        Raises: UnsafeKey for a key that would leave the root; StoreError if a file is missing from
            the bucket or damaged there.
        """
        place = self.place(key)
        stored.bring(key, *names, told=told)
        return place

    def place(self, key: str) -> Path:
        """Where a folder lies here, or would; to write to, or to ask whether it is here.

        Raises: UnsafeKey for a key that would leave the root.
        """
        path = PurePosixPath(key)
        if not key or path.is_absolute() or ".." in path.parts or "\x00" in key:
            raise UnsafeKey(f"{key!r} is no storage key: keys are relative paths below the store")
        return self.root / path

    def keep(self, key: str, *, told: Told = stored.quietly) -> None:
        """Write what is here of a key through to the bucket, if there is one.

        Raises: StoreError, OSError.
        """
        self.place(key)
        stored.keep(key, told=told)

    def exists(self, key: str) -> bool:
        return self.place(key).is_dir() or stored.is_kept(key)

    def remove(self, key: str) -> None:
        """Remove the folder and those above it that it leaves empty. Removing nothing is fine."""
        folder = self.place(key)
        shutil.rmtree(folder, ignore_errors=True)
        self._remove_empty_above(folder)
        stored.forget(key)

    def _remove_empty_above(self, folder: Path) -> None:
        for above in folder.parents:
            if above == self.root:
                return
            try:
                above.rmdir()
            except OSError:  # Not empty, or gone already: another run's folder lives there.
                return

    def attempts(self) -> Iterator[AttemptFolder]:
        """Every folder that an attempt of a run may have written, here or to the bucket."""
        here = (folder for folder in self.root.glob("takes/*/*/*/*") if folder.is_dir())
        keys = {folder.relative_to(self.root).as_posix() for folder in here}
        if stored.is_used():
            there = StoredFile.objects.below("takes").values_list("key", flat=True)
            keys |= {key.rpartition("/")[0] for key in there.iterator()}
        for key in sorted(keys):
            if match := _ATTEMPT.fullmatch(key.rpartition("/")[2]):
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
