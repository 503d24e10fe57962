"""The files of a deliverable that hold pictures, written into its folder. PLAIN."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from review.formats import copies, ffv1, frames, mp4, provenance_map
from review.formats.edition import DeliveryError, Edition

MASTER, READ_BACK, VIEWING = "master", "reading back", "viewing copy"
MASTER_NAME, MAP_NAME = "master.mkv", "map.mkv"

Progress = Callable[[str, int, int], None]
"""Called with (step, frames done, frames in all); may raise to stop."""


def write_pictures(
    folder: Path,
    edition: Edition,
    wanted: Collection[str],
    told: Progress,
    *,
    beside_master: bool,
    times: int,
) -> tuple[list[Path], mp4.ViewingCopy | None]:
    """Write what is wanted of master, map, viewing copy and copies for suites.

    Args:
        wanted: formats.
        beside_master: a viewing copy may then be silent, for the master has the sound.
        times: how often the files take their room (packing takes it twice).
    Returns: the files, and of the one that an encoder approximated what it carries.
    Raises: DeliveryError, MediaError, OSError.
    """
    files: list[Path] = []
    if ffv1.FORMAT in wanted:
        _require_room(folder, times * _bytes_of_takes(edition))
        master, provenance = folder / MASTER_NAME, folder / MAP_NAME
        ffv1.write_master(master, provenance, edition, progress=_twice(told))
        files += [master, provenance]
    elif found := [each for each in frames.SEQUENCES if each in wanted]:
        _require_room(folder, times * frames.room_needed(edition))
        provenance = folder / MAP_NAME
        files += frames.write_frames(folder, provenance, found[0], edition, progress=_twice(told))
    elif edition.encloses_map:
        files.append(folder / MAP_NAME)
        provenance_map.write_map(files[-1], edition)
    viewed = _write_copies(folder, edition, wanted, told, beside_master=beside_master)
    return [*files, *(folder / copy.name for copy in viewed)], viewed[0] if viewed else None


def _write_copies(
    folder: Path, edition: Edition, wanted: Collection[str], told: Progress, *, beside_master: bool
) -> list[mp4.ViewingCopy]:
    def tell(done: int, total: int) -> None:
        told(VIEWING, done, total)

    made = []
    if mp4.FORMAT in wanted:
        path = folder / mp4.NAME
        made.append(
            mp4.write_viewing_copy(path, edition, progress=tell, may_be_silent=beside_master)
        )
    if mp4.SUBTITLED in wanted:
        path = folder / mp4.SUBTITLED_NAME
        made.append(mp4.write_viewing_copy(path, edition, progress=tell, burned=True))
    for format in (each for each in copies.COPIES if each in wanted):
        _require_room(folder, copies.room_needed(format, edition))
        path = folder / copies.NAMES[format]
        made.append(copies.write_copy(path, format, edition, progress=tell))
    return made


def _twice(told: Progress) -> Callable[[int, int], None]:
    """`write_master` counts every frame twice: written, then read back."""

    def tell(done: int, total: int) -> None:
        frames = total // 2
        if done <= frames:
            told(MASTER, done, frames)
        else:
            told(READ_BACK, done - frames, frames)

    return tell


def _bytes_of_takes(edition: Edition) -> int:
    return sum(
        path.stat().st_size
        for scene in edition.scenes
        for path in (scene.take.picture, scene.take.provenance)
    )


def _require_room(folder: Path, needed: int) -> None:
    """Say that the disk is too full before an hour's work, not after it.

    Raises: DeliveryError.
    """
    free = shutil.disk_usage(folder).free
    if free < needed * 1.05:
        raise DeliveryError(
            f"This delivery needs about {needed >> 20} MiB and {free >> 20} MiB are free; "
            "free some, or choose another folder"
        )
