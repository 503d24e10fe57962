"""Every clip of real film goes the whole way at its rate, and no map claims what is not so.

Reads the folder named by REELPROOF_FILM: video files, and folders of numbered frames, at any depth.
The clips are not part of the project. Run: REELPROOF_FILM=... pytest -m film tests/film
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from archive import accession
from archive.media.decode import open_source
from archive.models import Reel
from restoration import runs, scenes
from restoration.mapfile import MapReader
from restoration.models import StageRun
from restoration.provenance import Totals, check_frame
from review import decisions, deliverables

pytestmark = [pytest.mark.film, pytest.mark.django_db(transaction=True)]

SILENT_RATE = Fraction(16)
"""For folders of frames, which carry no rate: what hand-cranked film was usually shot at."""
VIDEO = {".mp4", ".mkv", ".mov", ".webm", ".avi"}
PICTURES = {".png", ".tif", ".tiff", ".dpx", ".jpg"}


Film = tuple[Path, ...]
"""One video file, or the pictures of one unbroken run of numbered frames."""


def real_films() -> list[Film]:
    """Every video file, and every unbroken run of numbered pictures in a folder."""
    root = os.environ.get("REELPROOF_FILM")
    if root is None:
        return []
    paths = sorted(Path(root).rglob("*"))
    videos = [(path,) for path in paths if path.suffix.lower() in VIDEO]
    runs_of_pictures: dict[tuple[Path, int], list[Path]] = {}
    pictures = [path for path in paths if path.suffix.lower() in PICTURES and path.stem.isdecimal()]
    for place, path in enumerate(pictures):
        runs_of_pictures.setdefault((path.parent, int(path.stem) - place), []).append(path)
    return [*videos, *map(tuple, runs_of_pictures.values())]


def name_of(film: Film) -> str:
    return f"{film[0].parent.name}/{film[0].name}"


@pytest.mark.parametrize("files", real_films(), ids=name_of)
def test_it_goes_the_whole_way_without_one_false_claim(
    files: Film, archivist: User, tmp_path: Path
) -> None:
    film, rate = gathered(files, tmp_path / "frames")
    taken = accession.ingest(film, title=name_of(files), rate=rate, by=archivist, derivatives=False)

    restore(taken.reel, archivist)
    for scene in scenes.Scene.objects.filter(scan=taken.scan).current():
        take = scenes.head_take(scene)
        assert take is not None
        decisions.approve(scene, take, by=archivist)
    made = deliverables.build_deliverable(
        taken.reel, format="all", use="exhibition", to=tmp_path / "out", by=archivist
    )

    delivered = {Path(entry["path"]).suffix: Path(entry["path"]) for entry in made.files}
    assert {".otio", ".mp4", ".mkv"} <= set(delivered)
    assert otio_rate(delivered[".otio"]) == pytest.approx(float(taken.scan.rate), rel=1e-9)
    master, the_map = masters([Path(entry["path"]) for entry in made.files])
    assert violations(film, rate, master, the_map) == []


def gathered(files: Film, folder: Path) -> tuple[Path, Fraction | None]:
    """The film as one path: a run of pictures gets a folder of its own, by links."""
    if files[0].suffix.lower() in VIDEO:
        return files[0], None
    folder.mkdir()
    for path in files:
        (folder / path.name).symlink_to(path)
    return folder, SILENT_RATE


def restore(reel: Reel, by: User) -> None:
    """Run every stage in this process, as `process --wait` does where no worker is alive."""
    runs.process_reel(reel, stages=["cuts", "deflicker", "repair"], by=by)
    while waiting := list(StageRun.objects.filter(status="queued").order_by("pk")):
        for run in waiting:
            runs.execute_run(run.pk)
    ended = StageRun.objects.all()
    assert {run.status for run in ended} == {"done"}, [run.error for run in ended if run.error]


def masters(files: list[Path]) -> tuple[Path, Path]:
    """The FFV1 master and its map among the delivered files."""
    films = [path for path in files if path.suffix == ".mkv"]
    (the_map,) = [path for path in films if "map" in path.stem]
    (master,) = [path for path in films if "map" not in path.stem]
    return master, the_map


def otio_rate(path: Path) -> float:
    found: list[float] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if node.get("OTIO_SCHEMA", "").startswith("RationalTime"):
                found.append(float(node["rate"]))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads(path.read_text())["tracks"])
    assert found
    assert len(set(found)) == 1, "every time in the timeline runs at the reel's own rate"
    return found[0]


def violations(film: Path, rate: Fraction | None, master: Path, the_map: Path) -> list[str]:
    """Read master and map back and hold both against the scan, frame by frame."""
    scan, delivered, maps = open_source(film, rate=rate), open_source(master), MapReader(the_map)
    assert len(scan) == len(delivered) == len(maps)
    found: list[str] = []
    totals = Totals()
    length = len(scan)
    frames = zip(
        scan.frames(0, length), delivered.frames(0, length), maps.frames(0, length), strict=True
    )
    for number, (before, after, frame_map) in enumerate(frames):
        found += check_frame(before, after, frame_map, frame=number)
        totals = totals + Totals.count(frame_map)
    print(f"{film.name}: {length} frames at {scan.format.rate}: {totals.as_json()}")  # noqa: T201
    return found
