"""What the review room shows of a take: a proxy to play, its labels by frame, single exact frames.

A take's own files are lossless and large. Its *view* is made from them once, beside the take store,
and can be thrown away at any time:

    view.mp4      all-intra H.264, frame n of the take at n / rate
    labels.bin    for each frame, zlib-deflated: labels (structure + 8 * colour), uint8 (H, W), and
                  where anything was copied, the source frame offsets, int8 (H, W)
    labels.json   width, height, first frame, place of each frame in labels.bin, and for each frame
                  and plane the pixels of each label 0 to 7
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from archive import stored
from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.proxies import make_proxy
from restoration.mapfile import MapReader
from restoration.models import Take
from restoration.provenance import FrameMap, pack
from restoration.storage import storage

Progress = Callable[[int, int], None]
ASKED_AGAIN = 60.0
"""Seconds after which a view that nobody is making, or that failed, is asked for once more."""


@dataclass(frozen=True, slots=True)
class View:
    """The files of a take's view; they need not exist yet."""

    folder: Path
    key: str = ""
    """Of the store."""

    @property
    def proxy(self) -> Path:
        return self.folder / "view.mp4"

    @property
    def labels(self) -> Path:
        return self.folder / "labels.bin"

    @property
    def index(self) -> Path:
        return self.folder / "labels.json"

    @property
    def fault(self) -> Path:
        """The tool's own words, if the view could not be made."""
        return self.folder.with_suffix(".fault")

    @property
    def progress(self) -> Path:
        """Frames done and in all, while it is made."""
        return self.folder.with_suffix(".progress")

    def is_ready(self) -> bool:
        return self.folder.is_dir() or stored.is_kept(self.key)


def view_of(take: Take) -> View:
    key = f"views/{take.digest[:2]}/{take.digest}"
    return View(storage().place(key), key)


def make_view(take: Take) -> View:
    """Make the view if it is not there; a second maker waits for the first.

    Raises: MediaError, ProvenanceError, OSError; the words are kept for the page.
    """
    view = view_of(take)
    make_once(view, lambda partial, say: _make(take, partial, say))
    return view


def make_once(view: View, fill: Callable[[Path, Progress], None]) -> None:
    """Have a folder filled out of sight, so that it appears whole or not at all.

    Args:
        fill: writes into the folder it is given, and tells how many frames are done, and of how
            many.
    Raises: whatever `fill` raises; the words are kept for the page.
    """
    view.folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(view.folder.with_suffix(".lock")):
        if view.is_ready():
            return
        view.fault.unlink(missing_ok=True)
        for left in view.folder.parent.glob(f"{view.folder.name}.*"):
            if left.suffix[1:].isdigit():  # by a maker that was killed; the lock is ours
                shutil.rmtree(left, ignore_errors=True)
        partial = view.folder.with_suffix(f".{os.getpid()}")
        partial.mkdir()
        try:
            fill(partial, lambda done, total: _tell(view, done, total))
            partial.rename(view.folder)
            _keep(view)
        except Exception as error:
            # Kept whatever it was: the page has to say why there is no viewing copy.
            view.fault.write_text(str(error) or type(error).__name__)
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            view.progress.unlink(missing_ok=True)


def _keep(view: View) -> None:
    """Raises: StoreError, and the view is made again when it is asked for."""
    try:
        storage().keep(view.key)
    except BaseException:
        shutil.rmtree(view.folder, ignore_errors=True)
        raise


def _tell(view: View, done: int, total: int) -> None:
    view.progress.write_text(f"{done} {total}")


def standing(view: View, ask: Callable[[], None]) -> tuple[str, str]:
    """How far a view is ("ready", "failed", "making", "waiting"), and that in words.

    Args:
        ask: sends for a worker; called once a minute at most, however often the page looks.
    """
    if view.is_ready():
        return "ready", ""
    if view.fault.exists():
        words = f"No viewing copy: {view.fault.read_text()}"
        if time.time() - view.fault.stat().st_mtime > ASKED_AGAIN:
            _ask_at_times(view, ask)
        return "failed", words
    if (told := _told(view)) is not None:
        done, total = told
        return "making", f"Making the viewing copy: {done} of {total} frames"
    _ask_at_times(view, ask)
    return "waiting", "The viewing copy waits for a worker of the cpu queue"


def _told(view: View) -> tuple[str, str] | None:
    """Frames done and in all, if somebody is making it: a maker that was killed says no more."""
    try:
        if time.time() - view.progress.stat().st_mtime > ASKED_AGAIN:
            return None
        done, total = view.progress.read_text().split() or ("0", "0")
    except FileNotFoundError:  # It has just become ready, or was never begun.
        return None
    return done, total


def _ask_at_times(view: View, ask: Callable[[], None]) -> None:
    asked = view.folder.with_suffix(".asked")
    asked.parent.mkdir(parents=True, exist_ok=True)
    if asked.exists() and time.time() - asked.stat().st_mtime < ASKED_AGAIN:
        return
    asked.touch()
    ask()


def remove_view(take: Take) -> None:
    view = view_of(take)
    stored.forget(view.key)
    shutil.rmtree(view.folder, ignore_errors=True)


def _make(take: Take, folder: Path, say: Progress) -> None:
    frames = take.end_frame - take.start_frame
    kept = storage().folder(take.storage_key)
    write_labels(kept / "map.mkv", folder, start_frame=take.start_frame)
    with open_source(kept / "picture.mkv", rate=take.scan.rate) as source:
        if len(source) != frames:
            # A file that lost its end still opens; its later frames would be shown as others.
            raise MediaError(
                f"picture.mkv has {len(source)} frames and the take {frames}: it is damaged; "
                "check fixity, and run the stage again"
            )
        make_proxy(
            source, folder / "view.mp4", max_height=settings.VIEWING_ROWS,
            progress=lambda done, _: say(done, frames),
        )  # fmt: skip


def write_labels(map_path: Path, folder: Path, *, start_frame: int) -> None:
    """Write labels.bin and labels.json of a provenance map."""
    offsets, counts = [0], {"structure": [], "colour": []}  # type: ignore[var-annotated]
    reader = MapReader(map_path)
    with (folder / "labels.bin").open("wb") as file:
        for frame_map in reader.frames():
            file.write(deflate(frame_map))
            offsets.append(file.tell())
            for plane, of_plane in counts.items():
                labels = getattr(frame_map, plane)
                of_plane.append(np.bincount(labels.ravel(), minlength=8).tolist())
    index: dict[str, Any] = {
        "width": reader.width,
        "height": reader.height,
        "start": start_frame,
        "frames": len(offsets) - 1,
        "offsets": offsets,
        **counts,
    }
    (folder / "labels.json").write_text(json.dumps(index, separators=(",", ":")))


def deflate(frame_map: FrameMap) -> bytes:
    """The labels of one frame and, if anything in it was copied, the offsets of the sources."""
    planes = pack(frame_map).tobytes()
    if frame_map.sources is not None:
        planes += frame_map.sources.offset.astype(np.int8).tobytes()
    return zlib.compress(planes, 4)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
