"""A reel with real files behind it: scanned, taken through a stage, and approved.

Hundreds of tests begin with the same reel, of which the stage is most of the work. So a take that
nothing but the scan, the input take and the parameters decide is made once a session and copied
from then on.
"""

from __future__ import annotations

import copy
import itertools
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from archive.fixity import sha256_file
from archive.media.tables import make_table
from archive.models import Reel, Scan
from fixtures.clips import write_clip
from restoration import references
from restoration.execution import Made, Order, execute
from restoration.models import Scene, Take
from restoration.preparing import find_stage_of
from restoration.stages.contract import Stage
from restoration.storage import storage
from review import decisions
from tests import environment, factories

_CLIPS: dict[str, Path] = {}
"""By name and keywords, since each file that is written has a number of its own in it."""
_MADE: dict[str, tuple[Path, Made]] = {}
"""By what decides it: where a copy of the take lies, and what was told of it."""
_PLAIN = (int, str, Fraction, tuple, type(None))


def make_scanned_reel(folder: Path, *, name: str = "Harbour Day", **clip: Any) -> Reel:
    """A numbered clip with its row and frame table; keywords go to `write_clip`."""
    path = _clip(folder / f"{name}.mkv", clip)
    table = make_table(path)
    derived = f"derived/{name}"
    storage().folder(derived).mkdir(parents=True)
    table.save(storage().folder(derived) / "frames.json")
    title = factories.make_title(name)
    reel = factories.make_reel(element=factories.make_element(title=title))
    factories.make_scan(
        reel=reel,
        frames=len(table),
        rate=table.rate,
        width=table.dimensions[0],
        height=table.dimensions[1],
        pixel_format=clip.get("pixel", "gray"),
        path=str(path),
        sha256=sha256_file(path),
        bytes=path.stat().st_size,
        derived=derived,
        variable_rate=table.variable_rate,
        start_timecode=clip.get("start_timecode", ""),
        audio=[
            {"codec": clip.get("audio_codec", "pcm_s16le"), "channels": 1}
            for _ in range(clip.get("audio_tracks", 0))
        ],
    )
    return reel


def _clip(path: Path, clip: dict[str, Any]) -> Path:
    if not all(isinstance(value, _PLAIN) for value in clip.values()):
        return write_clip(path, **clip)
    decided_by = repr((path.name, sorted(clip.items())))
    if decided_by not in _CLIPS:
        kept = environment.HOME / "clips" / factories.unique_digest()
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(write_clip(path, **clip), kept)
        _CLIPS[decided_by] = kept
    else:
        shutil.copyfile(_CLIPS[decided_by], path)
    return path


def current_scan(reel: Reel) -> Scan:
    scan = reel.current_scan()
    assert scan is not None
    return scan


def make_real_take(
    scene: Scene,
    *,
    stage: str = "deflicker",
    after: Take | None = None,
    by: Stage | None = None,
    **params: Any,
) -> Take:
    """Run the stage on the scene, as the engine would, and keep what it made.

    Args:
        by: a stage that is not one of the system's, under its name.
    """
    stage = by.name if by is not None else stage
    scan = scene.scan
    number = Take.objects.filter(scan=scan, start_frame=scene.start_frame, stage=stage).count() + 1
    # No run's folder: they try from 1 on, and the first run of a database is number 1 too.
    key = f"takes/{scan.sha256[:12]}/{scene.start_frame}-{scene.end_frame}/{stage}/{number}-0"
    folder = storage().folder(key)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = _execute(
        Order(
            scan_path=Path(scan.path),
            scan_sha256=scan.sha256,
            stage=stage,
            start_frame=scene.start_frame,
            end_frame=scene.end_frame,
            out_folder=folder,
            rate=scan.rate,
            table_path=storage().folder(scan.derived) / "frames.json",
            params=params,
            files=references.files_of(params),
            input_folder=storage().folder(after.storage_key) if after else None,
            input_digest=after.digest if after else None,
        ),
        by,
    )
    assert made.manifest is not None
    return factories.make_take(
        scene=scene,
        stage=stage,
        input_take=after,
        storage_key=key,
        key=made.manifest["key"],
        manifest=made.manifest,
        digest=made.digest,
        totals=made.totals,
    )


def _execute(order: Order, by: Stage | None) -> Made:
    def run() -> Made:
        return execute(order, lambda done, total: None, stage=by)

    if by is not None or order.files:
        return run()
    assert order.out_folder is not None and order.table_path is not None
    decided_by = repr((
        sha256_file(order.scan_path), sha256_file(order.table_path), order.scan_sha256,
        order.stage, find_stage_of(order.stage).version, order.start_frame, order.end_frame,
        order.rate, sorted(order.params.items()), order.input_digest,
    ))  # fmt: skip
    if decided_by not in _MADE:
        made, kept = run(), environment.HOME / "takes" / factories.unique_digest()
        shutil.copytree(order.out_folder, kept)
        _MADE[decided_by] = (kept, made)
    else:
        kept, made = _MADE[decided_by]
        shutil.copytree(kept, order.out_folder)
    return copy.deepcopy(made)


def split_and_restore(reel: Reel, *, cuts: Sequence[int]) -> list[Scene]:
    """Scenes at those cuts, each with a deflicker take."""
    scan = current_scan(reel)
    edges = [0, *cuts, scan.frames]
    scenes = [
        factories.make_scene(scan=scan, frames=(start, end))
        for start, end in itertools.pairwise(edges)
    ]
    for scene in scenes:
        make_real_take(scene)
    return scenes


def approve_all(scenes: Sequence[Scene], *, by: User) -> None:
    for scene in scenes:
        take = Take.objects.filter(scan=scene.scan, start_frame=scene.start_frame).latest("pk")
        decisions.approve(scene, take, by=by, comment="as it should be")


def make_approved_reel(
    folder: Path, *, by: User, cuts: Sequence[int] = (5,), rate: Fraction | int = 24, **clip: Any
) -> Reel:
    """Everything done, nothing delivered yet; 12 small frames in two scenes unless told else."""
    values = {"frames": 12, "width": 64, "height": 48} | clip
    reel = make_scanned_reel(folder, rate=rate, **values)
    approve_all(split_and_restore(reel, cuts=cuts), by=by)
    return reel
