"""Reading a take back and checking it while the stage still computes.

A thread follows the take's two files as they grow on disk, decodes every frame from them and holds
it against the scan, as `verification.read_back` does with a closed take. When the files are closed
they are read once more: their packets must be the very ones that were decoded and checked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive.media.decode import PictureSource
from archive.media.errors import MediaError
from archive.media.growing import GrowingFile, PacketsRead, follow, packets_of
from archive.media.pixels import Picture
from archive.media.planes import read_picture
from archive.media.threads import one_alone
from restoration.in_turn import pool
from restoration.interruption import held
from restoration.mapfile import MapReader
from restoration.mapstreams import read_labels
from restoration.provenance import ProvenanceError
from restoration.recording import picture_md5
from restoration.verification import FrameGate, ReadBack

_BEAT_SECONDS = 1.0


class ScanFrames:
    """The scan's frames for the gate; for one thread.

    A frame that the stage's clip still holds is taken from there, if its MD5 is the one that the
    scan's frame table recorded; every other is decoded from the scan.
    """

    def __init__(
        self,
        open_scan: Callable[[], PictureSource],
        *,
        md5: Sequence[str],
        held: Callable[[int], Picture | None],
    ) -> None:
        """Nothing is opened before it is needed.

        Args:
            md5: of each frame of the scan, from its frame table; empty if there are none.
            held: gives the scan frame of that number if it is in memory; called in a thread.
        """
        self._open_scan = open_scan
        self._scan: PictureSource | None = None
        self._decoded: Iterator[Picture] = iter(())
        self._next = -1
        """The frame that `_decoded` gives next: what comes in order is not sought anew."""
        self._held = held
        self._md5 = md5
        self._may_match = bool(md5)

    def frame(self, number: int) -> Picture:
        picture = self._held(number) if self._may_match else None
        if picture is not None:
            if picture_md5(picture) == self._md5[number]:
                return picture
            # The decoder's layout is another than ours, as with packed RGB: no digest will match.
            self._may_match = False
        if self._scan is None:
            self._scan = self._open_scan()
        if number != self._next:
            self._decoded = self._scan.frames(number, len(self._scan))
        self._next = number + 1
        return next(self._decoded)

    def close(self) -> None:
        if self._scan is not None:
            self._scan.close()


@dataclass(slots=True)
class _Files:
    """The two files while they grow, and what was read of them."""

    picture: GrowingFile
    map: GrowingFile
    pictures: PacketsRead = field(default_factory=lambda: PacketsRead([], []))
    labels: PacketsRead = field(default_factory=lambda: PacketsRead([], []))

    def both(self) -> tuple[GrowingFile, GrowingFile]:
        return self.picture, self.map


class TakeFollower:
    """The thread that reads back. As a context manager it has ended when the block is left.

    With one thread in all (RUN_THREADS) `finish` reads back.
    """

    def __init__(
        self,
        scan: ScanFrames,
        picture: Path,
        map: Path,
        *,
        start_frame: int,
    ) -> None:
        """Both files have been created; `start_frame` is the scan's frame that is the first."""
        self.seconds = 0.0
        """Time spent reading back, beside the stage's own."""
        self._scan = scan
        self._paths = (picture, map)
        self._files = _Files(GrowingFile(picture), GrowingFile(map))
        self._gate = FrameGate(start_frame)
        self._problems: list[str] = []
        self._failed: BaseException | None = None
        self._stopped = False
        self._beat: Callable[[], None] = lambda: None
        """Called after each frame where nobody else could say that all is well."""
        self._thread: threading.Thread | None = None
        if not one_alone():
            self._thread = threading.Thread(target=self._follow, name="read-back", daemon=True)
            self._thread.start()

    def grow(self) -> None:
        """Another frame was written."""
        for file in self._files.both():
            file.grow()

    def require_sound(self) -> None:
        """Raises: ProvenanceError if a frame read back so far breaks the gate."""
        if self._problems or self._gate.broken:
            raise ProvenanceError("; ".join(self._problems + self._gate.found().violations))

    def finish(self, beat: Callable[[], None]) -> ReadBack:
        """What the files hold; to be called when both are closed.

        Args:
            beat: called while the thread catches up, now and then, and for each packet of the
                closed picture; may raise to stop.
        Raises: whatever else than a violation ended the thread.
        """
        self._end()
        if self._thread is None:
            self._beat = beat
            self._follow()
        while self._thread is not None and self._thread.is_alive():
            with held():
                self._thread.join(_BEAT_SECONDS)
            if self._thread.is_alive():
                beat()
        if self._failed is not None:
            raise self._failed
        found = self._gate.found()
        found.violations.extend(self._problems)
        if not found.violations:
            found.violations.extend(_differences_when_closed(self._paths, self._files, beat))
        return found

    def __enter__(self) -> TakeFollower:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._end()
        if self._thread is not None:
            with held():
                self._thread.join()
        for file in self._files.both():
            file.close()
        self._scan.close()

    def _end(self) -> None:
        for file in self._files.both():
            file.complete()

    def _follow(self) -> None:
        began = time.perf_counter()
        try:
            self._check_frames()
        except (ProvenanceError, MediaError) as error:
            self._problems.append(str(error))
        except BaseException as error:  # handed to the thread that finishes
            self._failed = error
        finally:
            waited = sum(file.waited for file in self._files.both())
            self.seconds = time.perf_counter() - began - waited

    def _check_frames(self) -> None:
        pictures = follow(self._files.picture, self._files.pictures)
        labels = follow(self._files.map, self._files.labels)
        while not self._stopped:
            picture, packed = next(pictures, None), next(labels, None)
            if (picture is None) != (packed is None):
                which = "picture" if packed is None else "map"
                self._problems.append(
                    f"the {which} goes on after frame {self._gate.next_frame - 1}, the other file "
                    "does not; one of them was cut off"
                )
            if picture is None or packed is None:
                return
            original = self._scan.frame(self._gate.next_frame)
            self._gate.check(original, read_picture(picture), read_labels(packed))
            self._beat()


def _differences_when_closed(
    paths: tuple[Path, Path], files: _Files, beat: Callable[[], None]
) -> list[str]:
    """Read both closed files as anybody will, and compare them with what was followed."""
    frames = len(files.pictures.packets)
    try:
        with pool(1, "closed-map") as beside:
            of_map = beside.submit(packets_of, paths[1])
            picture = packets_of(paths[0], on_packet=beat)
            with held():
                closed = picture, of_map.result()
        held_frames = len(picture.packets), len(MapReader(paths[1]))
    except (ProvenanceError, MediaError) as error:
        return [str(error)]
    problems = [
        f"{path.name} has {found} frames now that it is closed, {frames} were read back before"
        for path, found in zip(paths, held_frames, strict=True)
        if found != frames
    ]
    for path, now, before in zip(paths, closed, (files.pictures, files.labels), strict=True):
        if now.of_stream(0) != before.of_stream(0):
            problems.append(
                f"{path.name} was closed with other contents than were read back while it grew"
            )
    return problems
