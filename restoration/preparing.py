"""An order with its files opened: the scan or the input take, and its maps. PLAIN."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from archive.fixity import digest_json, sha256_file
from archive.media.decode import PictureSource, open_source
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.threads import one_alone
from restoration.clip import FrameWindow, ScanSound, StageClip, frames_kept
from restoration.composing import InputFrames
from restoration.device import require_device
from restoration.guides import read_guides
from restoration.interruption import held
from restoration.mapfile import MapReader
from restoration.orders import FACTS, Order, TakeFiles
from restoration.provenance import FrameMap, ProvenanceError, identity_map
from restoration.recording import MAP, PICTURE
from restoration.software import code_digest, library_versions
from restoration.stages import kept
from restoration.stages.contract import Stage, StageError
from restoration.stages.journal import JOURNAL, Journal

InputCheck = Callable[[Callable[[], None]], None]
"""Sees that an input take's bytes are those of its manifest; called with a beat."""


class Clock:
    """Adds up seconds by part."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.used = time.process_time()
        self.read = kept.read_so_far()
        self.seconds: dict[str, float] = {}

    def add(self, part: str, since: float) -> None:
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - since

    def rounded(self) -> dict[str, float]:
        self.seconds["total"] = time.perf_counter() - self.began
        self.seconds["cpu"] = time.process_time() - self.used
        self.seconds["networks_read"] = kept.read_so_far() - self.read
        return {part: round(seconds, 4) for part, seconds in self.seconds.items()}


@dataclass(frozen=True, slots=True)
class Run:
    """An order with its files opened."""

    order: Order
    stage: Stage
    params: Any
    """As they are recorded."""
    given: Any
    """The same as the stage gets them, with the places of files."""
    table: FrameTable | None
    """The scan's."""
    clip: StageClip
    maps: Callable[[int], FrameMap]
    input_sound: InputCheck | None
    """Whether the input take is the one that its manifest speaks of; raises StageError if not."""
    clock: Clock
    guides: list[Any]
    """Of the input take's colours."""

    @property
    def frames(self) -> int:
        return self.order.end_frame - self.order.start_frame

    def require_input(self, beat: Callable[[], None] | None = None) -> None:
        """See that the input take is what its manifest says.

        Args:
            beat: called now and then where that was not done meanwhile; may raise to stop.
        Raises: StageError if it is not.
        """
        if self.input_sound is not None:
            self.input_sound(beat or _no_beat)

    @property
    def inputs(self) -> InputFrames:
        return InputFrames(
            self.stage.name,
            self.order.start_frame,
            self.order.end_frame,
            self.clip.format,
            self.clip.frame,
            self.maps,
        )


def find_stage_of(name: str) -> Stage:
    # Here and not at the top: the stages need the networks' libraries, their callers may not.
    from restoration.stages import find_stage

    return find_stage(name)


def open_run(order: Order, stage: Stage, opened: ExitStack, clock: Clock) -> Run:
    require_device(order.device)
    params, given = stage.parse(order.params), stage.parse(order.params_with_files)
    table = FrameTable.load(order.table_path) if order.table_path is not None else None
    if table is None or order.input_folder is None:
        scan = opened.enter_context(open_scan(order, table, order.start_frame))
        table, frames = scan.table, len(scan)
    else:
        frames = len(table)  # The scan itself is opened by the gate, while the stage computes.
    if not 0 <= order.start_frame < order.end_frame <= frames:
        raise StageError(
            f"frames [{order.start_frame}, {order.end_frame}) are not in the scan, which has "
            f"{frames}; make the scenes again from the scan as it is"
        )
    guides: list[Any] = []
    if order.input_folder is None:
        source, first = scan, 0
        maps = _constant(identity_map(scan.format.height, scan.format.width))
        sound = None
    else:
        source, first, maps, sound = _open_input(order, TakeFiles(order.input_folder), opened)
        guides = read_guides(TakeFiles(order.input_folder).facts)
    clip = StageClip(
        source,
        start_frame=order.start_frame,
        end_frame=order.end_frame,
        first_frame=first,
        marks=order.marks,
        sound=ScanSound(order.scan_path, table, source.format.rate) if table else None,
        journal=_journal(order, stage),
        device=order.device,
    )
    opened.callback(clip.close)
    return Run(order, stage, params, given, table, clip, maps, sound, clock, guides)


def _journal(order: Order, stage: Stage) -> Journal | None:
    """Where a stage that only finds keeps what it has finished; the folder has the run's key."""
    if order.chunks_folder is None or stage.makes != "findings":
        return None
    told = [order.scan_sha256, stage.name, stage.version, order.params]
    told += [code_digest(stage), library_versions()]
    named = digest_json([*told, order.start_frame, order.end_frame])
    return Journal(order.chunks_folder / JOURNAL, named)


def open_scan(order: Order, table: FrameTable | None, start: int = 0) -> PictureSource:
    return open_source(order.scan_path, rate=order.rate, table=table, start=start)


def _constant(frame_map: FrameMap) -> Callable[[int], FrameMap]:
    return lambda number: frame_map


def _open_input(
    order: Order, files: TakeFiles, opened: ExitStack
) -> tuple[PictureSource, int, Callable[[int], FrameMap], InputCheck]:
    """The input take, and the holding of its bytes against its manifest, which goes on beside, or
    waits until it is asked for where there is one thread.
    """
    try:
        manifest = json.loads(files.manifest.read_bytes())
    except (OSError, ValueError) as error:
        raise StageError(
            f"the input take in {files.folder} has no readable manifest ({error}); "
            "have it made again: manage.py check_takes --mend"
        ) from error
    if order.input_digest is not None and digest_json(manifest) != order.input_digest:
        raise StageError(
            f"the input take in {files.folder} is not the one that was ordered; its manifest has "
            "another digest. Start the run again from the take that is current"
        )
    if not manifest["start_frame"] <= order.start_frame < order.end_frame <= manifest["end_frame"]:
        raise StageError(
            f"the input take covers frames [{manifest['start_frame']}, {manifest['end_frame']}), "
            f"not all of [{order.start_frame}, {order.end_frame})"
        )
    _check_bytes(files, manifest, (FACTS,))
    # Large takes take a while to read; the stage need not wait, the take that it makes does.
    check = partial(_check_bytes, files, manifest, (PICTURE, MAP))
    sound: InputCheck = check
    if not one_alone():
        readers = opened.enter_context(ThreadPoolExecutor(1, thread_name_prefix="input-digests"))
        sound = partial(_await, readers.submit(check))
    first = int(manifest["start_frame"])
    try:
        picture = open_source(files.picture, start=order.start_frame - first)
        maps = MapReader(files.map)
    except (MediaError, ProvenanceError):
        sound(_no_beat)
        raise
    source = opened.enter_context(picture)
    window = FrameWindow(
        maps,
        first=first,
        stop=manifest["end_frame"],
        capacity=frames_kept(source.format),
    )
    opened.callback(window.close)
    return source, first, window.frame, sound


def _no_beat() -> None:
    pass


def _await(checked: Future[None], _beat: Callable[[], None]) -> None:
    with held():
        checked.result()


def _check_bytes(
    files: TakeFiles,
    manifest: dict[str, Any],
    names: Sequence[str],
    beat: Callable[[], None] = _no_beat,
) -> None:
    for name in names:
        found = sha256_file(files.folder / name, progress=lambda done, total: beat())
        if found != manifest["files"][name]["sha256"]:
            raise StageError(
                f"{files.folder / name} was altered or damaged after the take was made; "
                "have it made again: manage.py check_takes --mend"
            )
