"""A run from scan to verified take: what it writes, what it refuses, what it leaves behind."""

from __future__ import annotations

import errno
import hashlib
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.pixels import PIXEL_FORMATS, Picture
from restoration.execution import (
    Cancelled,
    Made,
    Order,
    ProvenanceError,
    StageError,
    TakeFiles,
    execute,
)
from restoration.mapfile import MapReader
from restoration.orders import BESIDE
from restoration.provenance import Label, Sources, Totals
from restoration.stages.contract import Clip, Outcome, StageFrame
from restoration.verification import verify_take
from tests.restoration.takes import (
    BRIGHTEN,
    LEAVE,
    PATCH,
    Params,
    leave,
    only,
    patch,
    run_stage,
    small_stage,
    write_scan,
)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scan(tmp_path_factory.mktemp("scan") / "scan.mkv")


@pytest.mark.parametrize(
    "pixel", ["gray", "gray16le", "yuv420p", "yuv422p10le", "gbrp", "gbrp16le"]
)
def test_a_chain_of_stages_makes_takes_that_stand(tmp_path: Path, pixel: str) -> None:
    scan = write_scan(tmp_path / "scan.mkv", pixel=pixel)
    first = run_stage(scan, BRIGHTEN, tmp_path / "1")
    second = run_stage(
        scan, PATCH, tmp_path / "2", input_folder=tmp_path / "1", input_digest=first.digest
    )
    with open_source(scan) as source:
        files = TakeFiles(tmp_path / "2")
        assert verify_take(source, files.picture, files.map, 2) == []
    counted = second.totals["structure"]
    assert counted["RECOVERED"] == 7 * 16
    assert counted["SYNTHESISED"] == 16
    assert counted["ADJUSTED"] > 0
    assert MapReader(files.map).totals() == Totals.from_json(second.totals)


def test_untouched_pictures_come_back_bit_for_bit(scan: Path, tmp_path: Path) -> None:
    made = run_stage(scan, LEAVE, tmp_path / "take")
    with open_source(scan) as source, open_source(tmp_path / "take" / "picture.mkv") as take:
        for before, after in zip(source.frames(2, 10), take.frames(0, 8), strict=True):
            assert after.same_codes(before)
        assert take.format.rate == source.format.rate
    assert made.totals["structure"]["ORIGINAL"] == made.totals["pixels"] == 8 * 31 * 23


def test_a_copy_of_a_copy_points_to_the_scan(scan: Path, tmp_path: Path) -> None:
    """Frame 4 takes the block that frame 3 had made: from the block's left, twice moved by 4."""
    first = run_stage(scan, PATCH, tmp_path / "1")
    run_stage(scan, PATCH, tmp_path / "2", input_folder=tmp_path / "1", input_digest=first.digest)
    third = list(MapReader(tmp_path / "2" / "map.mkv").frames())[2]
    assert third.sources is not None
    assert (third.sources.offset[5, 5], third.sources.dx[5, 5]) == (-1, -4)
    assert third.structure[5, 5] == Label.RECOVERED


def test_the_manifest_digests_itself_and_every_file(scan: Path, tmp_path: Path) -> None:
    made = run_stage(scan, BRIGHTEN, tmp_path / "take", params={"by": 3})
    files = TakeFiles(tmp_path / "take")
    assert hashlib.sha256(files.manifest.read_bytes()).hexdigest() == made.digest
    assert json.loads(files.manifest.read_bytes()) == made.manifest
    assert set(made.manifest["files"]) == {path.name for path in files.folder.iterdir()} - {
        "manifest.json"
    }
    for name, entry in made.manifest["files"].items():
        assert hashlib.sha256((files.folder / name).read_bytes()).hexdigest() == entry["sha256"]
    assert made.manifest["params"] == {"by": 3}
    assert made.manifest["facts"] == {"made": 8}
    assert json.loads(files.facts.read_bytes())["per_frame"] == list(range(2, 10))


def test_the_same_order_gives_the_same_digest(scan: Path, tmp_path: Path) -> None:
    digests = {run_stage(scan, PATCH, tmp_path / name).digest for name in ("one", "two")}
    assert len(digests) == 1
    assert run_stage(scan, PATCH, tmp_path / "three", frames=(2, 9)).digest not in digests


def test_a_line_for_each_frame_adds_up_to_the_totals(scan: Path, tmp_path: Path) -> None:
    made = run_stage(scan, PATCH, tmp_path / "take")
    text = TakeFiles(tmp_path / "take").frames.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["frame"] for line in lines] == list(range(2, 10))
    assert sum(map(Totals.from_json, lines), Totals()).as_json() == made.totals
    digest = hashlib.sha256("".join(f"{line['md5']}\n" for line in lines).encode())
    assert digest.hexdigest() == made.manifest["picture_framemd5"]


def test_a_stage_that_only_finds_gives_its_facts(scan: Path, tmp_path: Path) -> None:
    def run(clip: Clip, params: Params, progress: object) -> Outcome:
        return Outcome(facts={"cuts": [clip.start_frame + 3]})

    stage = replace(LEAVE, name="finder", makes="findings", run=run)
    made = run_stage(scan, stage, tmp_path / "never-made")
    assert made.findings == {"cuts": [5]}
    assert (made.manifest, made.digest, made.totals) == (None, None, None)
    assert not (tmp_path / "never-made").exists()


def test_timings_name_each_part(scan: Path, tmp_path: Path) -> None:
    timings = run_stage(scan, BRIGHTEN, tmp_path / "take").timings
    assert {"start_up", "decode", "stage", "compose", "encode", "verify", "total"} <= set(timings)
    assert set(timings) >= BESIDE
    parts = sum(timings[part] for part in timings if part not in BESIDE | {"total"})
    assert parts == pytest.approx(timings["total"], rel=0.25)


def test_an_order_travels_as_json(tmp_path: Path) -> None:
    from fractions import Fraction

    order = Order(
        scan_path=tmp_path / 'with "quotes" and \u0444\u0438\u043b\u044c\u043c.mkv',
        scan_sha256="0" * 64,
        stage="repair",
        start_frame=3,
        end_frame=9,
        out_folder=tmp_path,
        rate=Fraction(24000, 1001),
        params={"by": 2},
        marks=(5,),
    )
    assert Order.from_json(json.loads(json.dumps(order.as_json()))) == order


# --- lies are refused ----------------------------------------------------------------------------


def lie_about_a_change(clip: Clip, number: int, params: Params) -> StageFrame:
    made = leave(clip, number, params)
    luma = made.picture.planes[0].copy()
    luma[5, 7] ^= 1
    return replace(made, picture=Picture(made.picture.pixel, (luma, *made.picture.planes[1:])))


def lie_about_a_source(clip: Clip, number: int, params: Params) -> StageFrame:
    made = leave(clip, number, params)
    made.structure[5, 7] = Label.RECOVERED
    sources = Sources(*(np.zeros(made.structure.shape, t) for t in (np.int8, np.int16, np.int16)))
    sources.offset[5, 7] = 1 if number == clip.start_frame else -1
    return replace(made, sources=sources)


def name_a_frame_outside_the_scene(clip: Clip, number: int, params: Params) -> StageFrame:
    made = leave(clip, number, params)
    made.structure[5, 7] = Label.RECOVERED
    sources = Sources(*(np.zeros(made.structure.shape, t) for t in (np.int8, np.int16, np.int16)))
    sources.offset[5, 7] = -1
    before = number - 1
    if before >= clip.start_frame:
        luma = made.picture.planes[0].copy()
        luma[5, 7] = only(clip, before).planes[0][5, 7]
        picture = Picture(made.picture.pixel, (luma, *made.picture.planes[1:]))
        made = replace(made, picture=picture)
    return replace(made, sources=sources)


def give_no_label(clip: Clip, number: int, params: Params) -> StageFrame:
    made = leave(clip, number, params)
    made.structure[5, 7] = 5
    return made


def lighten_under_colour(clip: Clip, number: int, params: object) -> StageFrame:
    """Adds colour, and changes the light with it."""
    picture = only(clip, number)
    labels = np.full((picture.height, picture.width), Label.ADJUSTED, np.uint8)
    planes = tuple(np.full(labels.shape, code, np.uint8) for code in (200, 90, 40))
    made = Picture(PIXEL_FORMATS["gbrp"], planes)
    return StageFrame(made, labels, np.full_like(labels, Label.SYNTHESISED))


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (lie_about_a_change, "frame 2.*1 samples are labelled ORIGINAL but differ.*y 5, x 7"),
        (lie_about_a_source, "RECOVERED samples are not the value of the source"),
        (name_a_frame_outside_the_scene, "source in frame 1, outside"),
        (give_no_label, "5 is no label"),
        (lighten_under_colour, "lightness changed by more than 0.5"),
    ],
)
def test_false_labels_are_never_kept(scan: Path, tmp_path: Path, lie: object, words: str) -> None:
    with pytest.raises(ProvenanceError, match=words):
        run_stage(scan, small_stage("liar", lie), tmp_path / "take")
    assert not (tmp_path / "take" / "manifest.json").exists()
    assert list((tmp_path / "take").glob("*.mkv*")) == []


def test_a_pixel_that_an_earlier_stage_changed_cannot_be_changed_unlabelled(
    scan: Path, tmp_path: Path
) -> None:
    """The scan's gate alone would not see it: the pixel is ADJUSTED already."""
    first = run_stage(scan, BRIGHTEN, tmp_path / "1")
    with pytest.raises(ProvenanceError, match="against what it read"):
        run_stage(
            scan,
            small_stage("liar", lie_about_a_change),
            tmp_path / "2",
            input_folder=tmp_path / "1",
            input_digest=first.digest,
        )


def test_a_stage_cannot_write_into_the_pictures_it_reads(scan: Path, tmp_path: Path) -> None:
    def scribble(clip: Clip, number: int, params: Params) -> StageFrame:
        made = leave(clip, number, params)
        made.picture.planes[0][0, 0] ^= 1
        return made

    with pytest.raises(ValueError, match="read-only"):
        run_stage(scan, small_stage("scribbler", scribble), tmp_path / "take")


# --- orders that cannot be carried out -----------------------------------------------------------


@pytest.mark.parametrize("frames", [(0, 13), (-1, 5), (5, 5), (9, 3)])
def test_frames_outside_the_scan_are_refused(
    scan: Path, tmp_path: Path, frames: tuple[int, int]
) -> None:
    with pytest.raises(StageError, match="are not in the scan, which has 12"):
        run_stage(scan, LEAVE, tmp_path / "take", frames=frames)


def test_a_folder_that_holds_something_is_refused(scan: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(StageError, match="holds something already"):
        run_stage(scan, LEAVE, tmp_path)


def test_an_altered_input_take_is_refused(scan: Path, tmp_path: Path) -> None:
    first = run_stage(scan, BRIGHTEN, tmp_path / "1")
    with (tmp_path / "1" / "picture.mkv").open("r+b") as file:
        file.seek(-40, 2)
        file.write(b"!")
    with pytest.raises(StageError, match=r"picture\.mkv was altered or damaged"):
        run_stage(
            scan, PATCH, tmp_path / "2", input_folder=tmp_path / "1", input_digest=first.digest
        )


def test_another_input_take_than_ordered_is_refused(scan: Path, tmp_path: Path) -> None:
    run_stage(scan, BRIGHTEN, tmp_path / "1")
    with pytest.raises(StageError, match="not the one that was ordered"):
        run_stage(scan, PATCH, tmp_path / "2", input_folder=tmp_path / "1", input_digest="0" * 64)


def test_an_input_take_of_other_frames_is_refused(scan: Path, tmp_path: Path) -> None:
    first = run_stage(scan, BRIGHTEN, tmp_path / "1", frames=(4, 8))
    with pytest.raises(StageError, match=r"covers frames \[4, 8\)"):
        run_stage(
            scan, PATCH, tmp_path / "2", input_folder=tmp_path / "1", input_digest=first.digest
        )


@pytest.mark.parametrize("missing", [1, -1])
def test_a_stage_that_makes_too_few_or_too_many_frames_is_refused(
    scan: Path, tmp_path: Path, missing: int
) -> None:
    def run(clip: Clip, params: Params, progress: object) -> Outcome:
        def stream() -> Iterator[StageFrame]:
            for number in range(clip.start_frame, clip.end_frame - missing):
                yield leave(clip, min(number, clip.end_frame - 1), params)

        return Outcome(frames=stream())

    with pytest.raises(StageError, match="frames"):
        run_stage(scan, replace(LEAVE, run=run), tmp_path / "take")


def test_cancelling_leaves_no_half_file(scan: Path, tmp_path: Path) -> None:
    def progress(done: int, total: int) -> None:
        if done == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_stage(scan, PATCH, tmp_path / "take", progress=progress)
    assert list((tmp_path / "take").iterdir()) == []


def test_progress_goes_on_while_the_take_is_read_back(scan: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    run_stage(scan, LEAVE, tmp_path / "take", progress=lambda *now: heard.append(now))
    assert heard[:8] == [(n, 8) for n in range(1, 9)]
    assert heard[8:] == [(8, 8)] * 8


# --- room and memory -----------------------------------------------------------------------------

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.restoration.takes import BRIGHTEN, run_stage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    run_stage(Path(sys.argv[1]), BRIGHTEN, Path(sys.argv[2]), frames=(0, 60))
except OSError as error:
    print(error.errno, error.strerror)
"""


def test_a_full_disk_is_said_in_words_and_leaves_no_take(tmp_path: Path) -> None:
    """A limit on file size stands in for the disk: writes fail in the middle of a file."""
    scan = write_scan(tmp_path / "scan.mkv", frames=60, width=64, height=48)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(scan), str(tmp_path / "take")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{errno.ENOSPC} no space is left for the take, nothing was kept")
    assert not (tmp_path / "take" / "manifest.json").exists()


def test_only_a_window_of_pictures_and_maps_is_held_at_once(scan: Path, tmp_path: Path) -> None:
    """Read, made and composed; a run over the whole process's memory is in the slow tests."""
    long_scan = write_scan(tmp_path / "scan.mkv", frames=150)
    held: list[weakref.ref[object]] = []
    most = 0

    def watch(clip: Clip, number: int, params: Params) -> StageFrame:
        nonlocal most
        made = patch(clip, number, params)
        held.extend(weakref.ref(plane) for plane in (made.structure, made.picture.planes[0]))
        held.append(weakref.ref(only(clip, number).planes[0]))
        most = max(most, sum(each() is not None for each in held))
        return made

    run_stage(long_scan, small_stage("watcher", watch), tmp_path / "take", frames=(0, 150))
    assert 48 <= most <= 48 + 3 * 10  # the clip's window, and what waits or is encoded


RESIDENT = """
import resource, sys
from pathlib import Path
from tests.restoration.takes import PATCH, run_stage
run_stage(Path(sys.argv[1]), PATCH, Path(sys.argv[2]), frames=(0, int(sys.argv[3])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_thousand_frames_need_no_more_memory_than_a_hundred(tmp_path: Path) -> None:
    """640 x 480, whole process, FFmpeg's buffers included."""
    scan = write_scan(tmp_path / "scan.mkv", frames=1000, width=640, height=480, pixel="gray")
    peaks = {}
    for frames in (100, 1000):
        command = [sys.executable, "-c", RESIDENT, str(scan), str(tmp_path / str(frames))]
        done = subprocess.run([*command, str(frames)], capture_output=True, text=True, check=True)
        peaks[frames] = int(done.stdout)
    assert peaks[1000] < peaks[100] * 1.05


def test_it_runs_without_django(scan: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.restoration.takes import *;"
        f"run_stage(Path({str(scan)!r}), PATCH, Path({str(tmp_path / 'take')!r}));"
        "loaded = {name.split('.')[0] for name in sys.modules};"
        "assert not loaded & {'django', 'dramatiq', 'rest_framework', 'psycopg'}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_made_holds_only_json(scan: Path, tmp_path: Path) -> None:
    made: Made = run_stage(scan, PATCH, tmp_path / "take")
    for value in (made.manifest, made.totals, made.timings):
        assert json.loads(json.dumps(value)) == value


def test_stages_are_found_by_name(scan: Path, tmp_path: Path) -> None:
    order = Order(scan, "0" * 64, "polish", 0, 4, tmp_path / "take")
    with pytest.raises(StageError, match="there is no stage called 'polish'"):
        execute(order, lambda done, total: None)
