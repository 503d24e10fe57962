"""One run from scan to verified take: read, run the stage, compose, write, read back, verify.

Used by the engine's child process and by `python -m restoration restore`. Memory does not grow with
the length of the range: frames are streamed, and a bounded window of them is kept.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from archive.fixity import canonical_json, sha256_file
from archive.media.errors import MediaError, WriteFailed
from archive.media.pixels import Picture, PictureFormat
from restoration import turn
from restoration.chunks import KeptChunks, go_on, is_worth_it
from restoration.following import ScanFrames, TakeFollower
from restoration.guides import GUIDES, check_guides, read_guides
from restoration.manifest import (
    FileEntry,
    Inputs,
    build_manifest,
    framemd5_digest,
    manifest_digest,
)
from restoration.orders import Made, Order, TakeFiles
from restoration.preparing import Clock, Run, find_stage_of, open_run, open_scan
from restoration.provenance import (
    ProvenanceError,
)
from restoration.recording import Recorded, TakeRecorder, form_of
from restoration.software import gather_inputs, library_versions
from restoration.stages.contract import Cancelled, Progress, Stage, StageError, StageFrame
from restoration.stages.parameters import params_json
from restoration.verification import MOST_MESSAGES, compare_with_written

__all__ = ["Cancelled", "Made", "Order", "ProvenanceError", "StageError", "TakeFiles", "execute"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def execute(order: Order, progress: Progress, *, stage: Stage | None = None) -> Made:
    """Run the order's stage over its range.

    Args:
        progress: called with (frames done, frames in all) after each frame of the stage and, with
            all done, while the files are read back; raises `Cancelled` to stop.
        stage: instead of the one of that name in `STAGES`.
    Raises: StageError, Cancelled; ProvenanceError if the labels are not true; MediaError if the
        scan cannot be read; OSError with ENOSPC if there is no room. Then the folder holds no take
        and is the caller's to remove.
    """
    clock = Clock()
    with ExitStack() as opened:
        run = open_run(order, stage or find_stage_of(order.stage), opened, clock)
        clock.add("start_up", clock.began)
        _wait_for_turn(run)
        try:
            return (_find if run.stage.makes == "findings" else _make)(run, progress)
        except (WriteFailed, OSError) as error:
            if _lacks_room(error):
                raise OSError(
                    errno.ENOSPC,
                    "no space is left for the take, nothing was kept; free some and run it again",
                    str(order.out_folder),
                ) from error
            raise
        except (MediaError, ProvenanceError):
            run.require_input()  # A damaged input take explains what its reader met.
            raise


_FIRST = 12
"""Frames that a stage looks at before it makes its first; the clip keeps twice as many."""


def _wait_for_turn(run: Run) -> None:
    """What is needed first is there when it is this run's turn, if that is not now."""
    if turn.held():
        start = run.order.start_frame
        with contextlib.suppress(MediaError):  # The stage will meet it, where it is put in words.
            for number in range(start, min(start + _FIRST, run.order.end_frame)):
                run.clip.frame(number)
        began = time.perf_counter()
        turn.wait()
        run.clock.add("held", began)


def _find(run: Run, progress: Progress) -> Made:
    began, decoding = time.perf_counter(), run.clip.decode_seconds
    outcome = run.stage.run(run.clip, run.given, progress)
    for _ in outcome.frames:
        raise StageError(f"{run.stage.name} says that it only finds, but made a picture")
    run.require_input(lambda: progress(run.frames, run.frames))
    run.clock.add("stage", began)
    decoded = run.clip.decode_seconds - decoding  # what a held run decoded before is not in it
    run.clock.seconds["stage"] -= decoded
    run.clock.seconds["decode"] = decoded
    return Made(None, None, None, outcome.facts, run.clock.rounded())


def _make(run: Run, progress: Progress) -> Made:
    folder = run.order.out_folder
    if folder is None:
        raise StageError(f"{run.stage.name} makes pictures; name a folder for them")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise StageError(f"{folder} holds something already; a take is written once")
    files = TakeFiles(folder)
    with ExitStack() as opened:
        kept = _kept_chunks(run, opened)
        outcome = go_on(run.stage, run.clip, run.given, progress, kept)
        recorded, form, follower = _record(run, outcome.frames, files, opened)
        run.require_input(lambda: progress(run.frames, run.frames))
        if recorded.guided and GUIDES not in outcome.facts:
            outcome.facts[GUIDES] = run.guides
        files.facts.write_bytes(canonical_json(outcome.facts))
        _verify(run, follower, recorded, lambda: progress(run.frames, run.frames))
        if recorded.guided:
            _verify_guides(run, files)
    began = time.perf_counter()
    manifest = _manifest(run, files, recorded, form, outcome.facts)
    files.manifest.write_bytes(canonical_json(manifest))
    run.clock.add("manifest", began)
    return Made(
        manifest,
        manifest_digest(manifest),
        recorded.totals.as_json(),
        None,
        run.clock.rounded(),
    )


def _kept_chunks(run: Run, opened: ExitStack) -> KeptChunks | None:
    folder = run.order.chunks_folder
    order = run.order
    if folder is None or not is_worth_it(
        run.stage, order.start_frame, order.end_frame, order.marks
    ):
        return None
    key = _inputs(run).as_json() | {"device": run.order.device, "libraries": library_versions()}
    return opened.enter_context(KeptChunks(folder, key))


def _record(
    run: Run, frames: Iterator[StageFrame], files: TakeFiles, opened: ExitStack
) -> tuple[Recorded, PictureFormat, TakeFollower]:
    """Take the stage's frames as they come, and hand them over to be composed and encoded."""
    clock, start, inputs = run.clock, run.order.start_frame, run.inputs
    number = start
    writing: _Writing | None = None
    while (made := _next_frame(run, frames)) is not None:
        if number >= run.order.end_frame:
            raise StageError(f"{run.stage.name} made more frames than the clip has")
        if writing is None:
            began = time.perf_counter()
            writing = _begin(run, made.picture, files, opened)
            clock.add("start_up", began)
        began = time.perf_counter()
        composition = inputs.beside(made, number)
        clock.add("gather", began)
        began = time.perf_counter()
        writing.recorder.write(made.picture, composition.frame_map, made.heat)
        writing.follower.require_sound()
        clock.add("wait_for_encoder", began)
        number += 1
    if writing is None or number < run.order.end_frame:
        raise StageError(
            f"{run.stage.name} made {number - start} frames of {run.frames}; the clip has more"
        )
    began = time.perf_counter()
    recorded = writing.recorder.finish()
    clock.add("wait_for_encoder", began)
    clock.seconds["encode"] = writing.recorder.seconds
    clock.seconds["compose"] = writing.recorder.composing
    return recorded, writing.form, writing.follower


@dataclass(frozen=True, slots=True)
class _Writing:
    """A take's files in the making, and who reads them back meanwhile."""

    form: PictureFormat
    recorder: TakeRecorder
    follower: TakeFollower


def _begin(run: Run, picture: Picture, files: TakeFiles, opened: ExitStack) -> _Writing:
    form = form_of(run.clip.format, picture)
    start = run.order.start_frame
    recorder = opened.enter_context(TakeRecorder(files.folder, form, start_frame=start))
    scan = ScanFrames(
        lambda: open_scan(run.order, run.table),
        md5=run.table.md5 if run.table is not None else (),
        # An input take's frames are no scan's; those of the clip over the scan itself are.
        held=run.clip.kept if run.order.input_folder is None else _nothing,
    )
    follower = opened.enter_context(TakeFollower(scan, files.picture, files.map, start_frame=start))
    recorder.tell(follower.grow)
    return _Writing(form, recorder, follower)


def _nothing(number: int) -> None:
    return None


def _next_frame(run: Run, frames: Iterator[StageFrame]) -> StageFrame | None:
    """The stage's next frame, its compute told apart from the decoding that it waits for."""
    began, decoding = time.perf_counter(), run.clip.decode_seconds
    made = next(frames, None)
    decoded = run.clip.decode_seconds - decoding
    run.clock.add("stage", began + decoded)
    run.clock.seconds["decode"] = run.clock.seconds.get("decode", 0.0) + decoded
    return made


def _verify(run: Run, follower: TakeFollower, recorded: Recorded, beat: Callable[[], None]) -> None:
    began = time.perf_counter()
    found = follower.finish(beat)
    problems = found.violations + compare_with_written(found, recorded)
    run.clock.add("verify", began)
    run.clock.seconds["read_back"] = follower.seconds
    if problems:
        raise ProvenanceError(
            f"the take of {run.stage.name} did not stand when it was read back: "
            + "; ".join(problems)
        )


def _verify_guides(run: Run, files: TakeFiles) -> None:
    """Every hint that the map names, as it was read back, is in the table as it was."""
    began = time.perf_counter()
    problems = check_guides(files.map, read_guides(files.facts))
    run.clock.add("verify", began)
    if problems:
        raise ProvenanceError(
            f"the colours of the take of {run.stage.name} name hints that cannot be: "
            + "; ".join(problems[:MOST_MESSAGES])
        )


def _manifest(
    run: Run, files: TakeFiles, recorded: Recorded, form: PictureFormat, facts: dict[str, Any]
) -> dict[str, Any]:
    order = run.order
    heat = (files.heat,) if files.heat.exists() else ()
    paths = (files.picture, files.map, files.facts, files.frames, *heat)
    md5s = run.table.md5 if run.table is not None else ()
    return build_manifest(
        _inputs(run),
        scan_framemd5=framemd5_digest(md5s) if md5s else None,
        picture=form,
        picture_framemd5=recorded.framemd5,
        files={path.name: FileEntry(sha256_file(path), path.stat().st_size) for path in paths},
        totals=recorded.totals,
        facts=facts,
        libraries=library_versions(),
        device=order.device,
    )


def _inputs(run: Run) -> Inputs:
    order = run.order
    return gather_inputs(
        stage=run.stage,
        params=params_json(run.params),
        scan_sha256=order.scan_sha256,
        start_frame=order.start_frame,
        end_frame=order.end_frame,
        marks=order.marks,
        input_digest=order.input_digest,
    )


def _lacks_room(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "errno", None) in _NO_ROOM:
            return True
        error = error.__cause__
    return False
