"""Writing a take while the stage goes on computing: pictures, maps and a line for each frame.

Maps are made here too, so that the stage waits for nobody but a full queue. A frame's picture and
its map are encoded side by side: after the stage's last frame somebody waits for both.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from archive.media.threads import one_alone
from restoration.in_turn import pool
from restoration.interruption import held
from restoration.mapfile import MapWriter
from restoration.provenance import FrameMap, Totals

PICTURE, MAP, FRAMES, HEAT = "picture.mkv", "map.mkv", "frames.jsonl", "heat.mkv"
"""Names of a take's files; `frames.jsonl` holds frame, MD5 and totals, a line each.

`heat.mkv`, grey 8 bits, is only there if the stage tells what error to expect.
"""

_AHEAD = 4
"""Frames that may wait for the encoder; more would only cost memory."""

Heat = npt.NDArray[np.uint8]
"""(H, W), error to expect in quarters of an 8-bit code."""
_Waiting = tuple[Picture, Callable[[], FrameMap], Heat | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written."""

    frames: int
    totals: Totals
    framemd5: str
    """SHA-256 over the frames' MD5s, a line each."""
    guided: bool = False
    """Whether the maps name hints."""


def picture_md5(picture: Picture) -> str:
    """MD5 of the native planes, in FFmpeg's order (RGB: G, B, R), as its framemd5 gives it."""
    planes = picture.planes
    if picture.pixel.model == "rgb":
        planes = (planes[1], planes[2], planes[0])
    digest = hashlib.md5(usedforsecurity=False)
    for plane in planes:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()


def heat_form(form: PictureFormat) -> PictureFormat:
    """The format of the heat that lies beside pictures of that format."""
    return PictureFormat(form.width, form.height, PIXEL_FORMATS["gray"], form.rate, "full")


def form_of(read: PictureFormat, made: Picture) -> PictureFormat:
    """The format of what a stage made from what it read."""
    form = replace(read, width=made.width, height=made.height, pixel=made.pixel)
    if made.pixel.model == "rgb" and read.pixel.model != "rgb":
        return replace(form, colour_range="full", matrix="gbr")
    return form


class FrameDigest:
    """Running digest over the MD5s of a sequence of frames."""

    def __init__(self) -> None:
        self._joined = hashlib.sha256()

    def add(self, md5: str) -> None:
        self._joined.update(f"{md5}\n".encode())

    def hexdigest(self) -> str:
        return self._joined.hexdigest()


class TakeRecorder:
    """Encodes in a thread of its own; `write` waits only if that falls behind. With one thread in
    all (RUN_THREADS) `write` encodes.

    As a context manager it leaves no file behind if the block fails.
    """

    def __init__(self, folder: Path, form: PictureFormat, *, start_frame: int) -> None:
        self.seconds = 0.0
        """Time spent composing and encoding, beside the stage's own."""
        self.composing = 0.0
        """Of that, the time spent making the maps."""
        self._folder = folder
        self._form = form
        self._start_frame = start_frame
        self._pictures = PictureWriter(folder / PICTURE, form)
        self._maps = MapWriter(folder / MAP, width=form.width, height=form.height, rate=form.rate)
        self._heats: PictureWriter | None = None
        self._lines = (folder / FRAMES).open("w", encoding="ascii")
        self._md5 = FrameDigest()
        self._frames = 0
        self._tell: Callable[[], None] = lambda: None
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(_AHEAD)
        self._failed: BaseException | None = None
        self._pool = pool(1, "take-pictures")
        self._thread: threading.Thread | None = None
        if not one_alone():
            self._thread = threading.Thread(target=self._encode, name="take-recorder", daemon=True)
            self._thread.start()

    def write(
        self, picture: Picture, make_map: Callable[[], FrameMap], heat: Heat | None = None
    ) -> None:
        """Append the next frame.

        Args:
            make_map: makes the frame's map; called in the encoder's thread.
            heat: comes with every frame or with none.
        Raises: whatever the encoder, or `make_map`, raised for an earlier one.
        """
        with held():
            if self._thread is None:
                self._encode_one((picture, make_map, heat))
            else:
                self._waiting.put((picture, make_map, heat))
        if self._failed is not None:
            raise self._failed

    def tell(self, written: Callable[[], None]) -> None:
        """Have `written` called, in the encoder's thread, after each frame."""
        self._tell = written

    def finish(self) -> Recorded:
        """Wait for the encoder and complete the files.

        Raises: whatever the encoder raised.
        """
        self._stop()
        if self._failed is not None:
            raise self._failed
        self._pictures.close()
        self._maps.close()
        if self._heats is not None:
            self._heats.close()
        self._lines.close()
        totals, guided = self._maps.totals, self._maps.has_guidance
        return Recorded(self._frames, totals, self._md5.hexdigest(), guided)

    def abandon(self) -> None:
        """Stop, and remove what was written."""
        self._stop()
        self._pictures.abort()
        self._maps.abandon()
        if self._heats is not None:
            self._heats.abort()
        with contextlib.suppress(OSError):  # a full disk, once more
            self._lines.close()
        for name in (PICTURE, MAP, FRAMES, HEAT):  # whole, perhaps, and yet not what they should be
            (self._folder / name).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abandon()

    def _stop(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            with held():
                self._waiting.put(None)
                self._thread.join()
                self._pool.shutdown()

    def _encode(self) -> None:
        """The thread: encode until told to stop; after an error only empty the queue."""
        while (waiting := self._waiting.get()) is not None:
            if self._failed is not None:
                continue
            try:
                self._encode_one(waiting)
            except BaseException as error:  # handed to the thread that writes
                self._failed = error

    def _encode_one(self, waiting: _Waiting) -> None:
        picture, make_map, heat = waiting
        self._encode_frame(picture, make_map)
        self._encode_heat(heat)

    def _encode_frame(self, picture: Picture, make_map: Callable[[], FrameMap]) -> None:
        began = time.perf_counter()
        written = self._pool.submit(self._write_picture, picture)
        try:
            totals = self._maps.write(self._made(make_map))
        finally:
            md5 = written.result()
        self._tell()
        line = {"frame": self._start_frame + self._frames, "md5": md5} | totals.as_json()
        self._lines.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._frames += 1
        self.seconds += time.perf_counter() - began

    def _write_picture(self, picture: Picture) -> str:
        self._pictures.write(picture)
        md5 = picture_md5(picture)
        self._md5.add(md5)
        return md5

    def _made(self, make_map: Callable[[], FrameMap]) -> FrameMap:
        began = time.perf_counter()
        frame_map = make_map()
        self.composing += time.perf_counter() - began
        return frame_map

    def _encode_heat(self, heat: Heat | None) -> None:
        if heat is None:
            return
        began = time.perf_counter()
        if self._heats is None:
            self._heats = PictureWriter(self._folder / HEAT, heat_form(self._form))
        self._heats.write(Picture(PIXEL_FORMATS["gray"], (heat,)))
        self.seconds += time.perf_counter() - began
