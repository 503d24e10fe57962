"""File in, file out: `python -m restoration` as a person or a script calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from archive.fixity import sha256_file
from archive.media.decode import open_source
from archive.media.probe import probe
from fixtures.clips import write_clip, write_sequence
from restoration.__main__ import main
from restoration.cli_progress import Reporter, clock, describe
from restoration.mapfile import MapReader
from restoration.provenance import Label
from restoration.verification import verify_take

FRAMES = 14


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey, 16 fps, one sound track; its name has a space, a quote and Cyrillic letters."""
    path = tmp_path_factory.mktemp("film") / "it's фильм 1.mkv"
    write_clip(path, frames=FRAMES, rate=Fraction(16), width=64, height=48, audio_tracks=1)
    return path


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "restoration", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_restore_gives_a_master_its_map_and_one_json_document(film: Path, tmp_path: Path) -> None:
    out, labels = tmp_path / "out.mkv", tmp_path / "map.mkv"
    done = command("restore", film, out, "--stage", "deflicker,repair", "--map", labels, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["frames"] == FRAMES and document["rate"] == "16/1"
    assert document["device"] == "cpu"
    assert document["weights"] == [], "neither stage loads a network unless it is told to"
    assert len(document["take_key"]) == 64 and document["frames_per_second"] > 0
    assert document["totals"] == MapReader(labels).totals().as_json()
    assert document["files"] == [
        {"path": str(path), "sha256": sha256_file(path)} for path in (out, labels)
    ]
    with open_source(film) as scan:
        assert verify_take(scan, out, labels, 0) == []
    assert len(probe(out).audio) == 1 and probe(out).rate == Fraction(16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.mkv", "out.mkv"]


def test_scenes_are_restored_one_by_one_and_joined_in_order(film: Path, tmp_path: Path) -> None:
    cuts = tmp_path / "cuts.json"
    cuts.write_text('{"cuts": [5, 9]}')
    out = tmp_path / "out.mkv"
    assert main(["restore", str(film), str(out), "--stage", "deflicker", "--cuts", str(cuts),
                 "--params", "strength=0", "--map", str(tmp_path / "map.mkv")]) == 0  # fmt: skip
    with open_source(film) as scan, open_source(out) as restored:
        for before, after in zip(scan.frames(), restored.frames(), strict=True):
            assert after.same_codes(before)
    assert MapReader(tmp_path / "map.mkv").totals().shares()["structure"]["ORIGINAL"] == 1.0


def test_a_folder_of_numbered_frames_needs_a_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = tmp_path / "frames"
    write_sequence(frames, frames=4, suffix="png", width=32, height=24)
    out = tmp_path / "out.mkv"
    asked = ["restore", str(frames), str(out), "--stage", "deflicker", "--cuts", "none"]
    assert main(asked) == 2 and "--rate" in capsys.readouterr().err
    assert not out.exists()
    assert main([*asked, "--rate", "18", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rate"] == "18/1"


def test_an_mp4_is_a_viewing_copy(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    assert main(["restore", str(film), str(out), "--stage", "deflicker", "--cuts", "none"]) == 0
    found = probe(out)
    assert (found.codec, found.frames, len(found.audio)) == ("h264", FRAMES, 1)


def test_cuts_are_printed_as_the_format_says(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cuts", str(film), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"cuts", "gradual", "marks"} <= set(document)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{film}", "{tmp}/o.mkv", "--stage", "polish"], "no stage called 'polish'"),
        (["{film}", "{tmp}/o.mkv", "--stage", "cuts"], "cuts makes no pictures"),
        (["{film}", "{tmp}/o.avi", "--stage", "repair"], "end the name in .mkv"),
        (
            ["{film}", "{tmp}/o.mp4", "--stage", "repair", "--map", "{tmp}/m.mkv"],
            "nothing is ORIGINAL",
        ),
        (["{tmp}/none.mkv", "{tmp}/o.mkv", "--stage", "repair"], "there is no film here"),
        (["{tmp}/text.mp4", "{tmp}/o.mkv", "--stage", "repair"], "text.mp4"),
        (["{film}", "{tmp}/o.mkv", "--stage", "repair", "--params", "polish=1"],
         "no stage here has a parameter polish"),
        (["{film}", "{tmp}/o.mkv", "--stage", "deflicker", "--params", "window=many"],
         "wants int, not 'many'"),
        (["{film}", "{tmp}/o.mkv", "--stage", "deflicker", "--params", "window"],
         "write KEY=VALUE"),
        (["{film}", "{tmp}/o.mkv", "--stage", "deflicker", "--cuts", "{tmp}/text.mp4"],
         "holds no cuts"),
        (["{film}", "{tmp}/o.mkv", "--stage", "deflicker", "--rate", "fast"], "no frame rate"),
        (["{film}", "{tmp}/no/o.mkv", "--stage", "deflicker"], "make it first"),
        (["{film}", "{film}", "--stage", "deflicker", "--force"], "never written to"),
        (["{film}", "{tmp}/o.mkv", "--stage", "deflicker", "--map", "{tmp}/o.mkv"],
         "two different names"),
        (["{film}", "{tmp}/there.mkv", "--stage", "deflicker"], "--force"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_that_says_what_to_do(
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    (tmp_path / "there.mkv").write_text("mine")
    named = [each.format(film=film, tmp=tmp_path) for each in arguments]
    assert main(["restore", *named]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.out == ""
    assert said.err.splitlines()[-1].startswith("restoration: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.mp4", "there.mkv"]
    assert (tmp_path / "there.mkv").read_text() == "mine"


def test_force_replaces_what_is_there(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    out.write_text("old")
    assert main(["restore", str(film), str(out), "--stage", "deflicker", "--cuts", "none",
                 "--force"]) == 0  # fmt: skip
    assert probe(out).frames == FRAMES


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_interrupted_it_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    film = tmp_path / "long.mkv"
    write_clip(film, frames=80, rate=Fraction(16), width=160, height=120)
    running = subprocess.Popen(
        [sys.executable, "-m", "restoration", "restore", str(film), str(tmp_path / "out.mkv"),
         "--stage", "repair", "--cuts", "none"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )  # fmt: skip
    deadline = time.monotonic() + 240  # a cold machine compiles first
    while not list(tmp_path.glob(".out.mkv.*/scene-1/*/picture.mkv")):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(number)
    said = running.communicate(timeout=120)[1]
    assert running.returncode == 130
    assert said.splitlines()[-1] == "restoration: interrupted; nothing was written"
    assert [path.name for path in tmp_path.iterdir()] == ["long.mkv"]


def test_it_knows_no_django(film: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from restoration.__main__ import main;"
        f"assert main(['cuts', {str(film)!r}, '--json']) == 0;"
        "loaded = {name.split('.')[0] for name in sys.modules};"
        "assert not loaded & {'django', 'dramatiq', 'psycopg'}, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_parameters_go_to_the_stages_that_have_them() -> None:
    from restoration.cli_choices import assign_params, choose_stages

    stages = choose_stages("deflicker,repair")
    given = assign_params(["window=5", "deflicker.strength=0.5"], stages)
    assert given["deflicker"] == {"window": "5", "strength": "0.5"}


def test_regions_to_protect_come_from_a_file(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    regions = tmp_path / "regions.json"
    regions.write_text('[{"frames": [0, 14], "polygon": [[0, 0], [63, 0], [63, 47], [0, 47]]}]')
    assert main(["restore", str(film), str(tmp_path / "out.mkv"), "--stage", "repair",
                 "--cuts", "none", "--protect", str(regions), "--params", "largest=12",
                 "--json"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["shares"]["structure"]["ORIGINAL"] == 1.0


@pytest.mark.parametrize(
    ("stage", "text", "words"),
    [
        ("deflicker", "[]", "--protect is for repair"),
        ("repair", "{", "is no JSON"),
        ("repair", '[{"frames": [3, 1], "polygon": [[0, 0]]}]', "first to after last"),
    ],
)
def test_a_file_of_regions_that_holds_none_is_refused(
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    stage: str,
    text: str,
    words: str,
) -> None:
    regions = tmp_path / "regions.json"
    regions.write_text(text)
    assert main(["restore", str(film), str(tmp_path / "out.mkv"), "--stage", stage,
                 "--protect", str(regions)]) == 2  # fmt: skip
    assert words in capsys.readouterr().err


def test_weights_are_listed_as_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path))
    assert main(["weights", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["weights"]
    assert {"name", "licence", "sha256", "source", "state", "training"} <= set(listed[0])
    assert {each["state"] for each in listed if not each["shipped"]} == {"missing"}
    assert {each["state"] for each in listed if each["shipped"]} == {"present"}


def test_verify_says_which_weights_are_wrong_and_how_to_mend_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restoration import weights

    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path))
    path = weights.find("transnetv2").path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    assert main(["weights", "verify"]) == 1
    said = capsys.readouterr()
    assert "transnetv2 altered" in said.out
    assert "weights fetch transnetv2" in said.err


def test_bench_refuses_a_stage_without_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench", "polish", "--data", str(tmp_path)]) == 2
    assert main(["bench", "repair", "--data", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_progress_says_what_how_far_and_how_long() -> None:
    assert describe("repair", 340, 1200, 34.0) == "repair: 340 of 1200 (28 %), 10.0/s, 1:26 left"
    assert clock(3700) == "1:01:40"


def test_progress_in_a_log_is_lines_and_never_many(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Reporter(sys.stderr).part("repair")
    for done in range(1000):
        progress(done, 1000)
    assert capsys.readouterr().err == ""


def test_hints_from_a_file_colour_their_own_scene_and_no_other(film: Path, tmp_path: Path) -> None:
    hints, cuts, labels = (tmp_path / name for name in ("h.json", "c.json", "map.mkv"))
    cv2.imwrite(str(tmp_path / "coat.png"), np.full((24, 32, 3), (40, 60, 170), np.uint8))
    hints.write_text(
        '{"hints": [{"frame": 6, "x": 20, "y": 30, "size": 6, "rgb": "#b46450"}],'
        ' "references": [{"frame": 7, "path": "coat.png"}]}'
    )
    cuts.write_text('{"cuts": [5]}')
    out = tmp_path / "out.mkv"
    assert main(["restore", str(film), str(out), "--stage", "colourise", "--cuts", str(cuts),
                 "--hints", str(hints), "--map", str(labels)]) == 0  # fmt: skip
    maps = list(MapReader(labels).frames())
    painted = [int((each.colour == Label.HUMAN).sum()) for each in maps]
    assert painted == [36 * (number == 6) for number in range(FRAMES)]
    assert (maps[6].colour[27:33, 17:23] == Label.HUMAN).all()
    with open_source(out) as made:
        assert made.format.pixel.name == "gbrp"
        grey = [
            len({plane.tobytes() for plane in picture.planes}) == 1 for picture in made.frames()
        ]
    assert grey == [number < 5 for number in range(FRAMES)]
    assert len(probe(out).audio) == 1 and probe(out).rate == Fraction(16)


@pytest.mark.parametrize(
    ("stage", "text", "words"),
    [
        ("repair", '{"hints": []}', "--hints is for colourise"),
        ("colourise", '{"hints": [{"frame": 1, "x": 1, "y": 1}]}', "holds no hints"),
        (
            "colourise",
            '{"hints": [{"frame": 99, "x": 9, "y": 9, "size": 4, "rgb": "#102030"}]}',
            "frame 99, but the film has 14",
        ),
    ],
)
def test_a_file_of_hints_that_holds_none_is_refused(
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    stage: str,
    text: str,
    words: str,
) -> None:
    hints = tmp_path / "h.json"
    hints.write_text(text)
    assert main(["restore", str(film), str(tmp_path / "out.mkv"), "--stage", stage,
                 "--hints", str(hints)]) == 2  # fmt: skip
    assert words in capsys.readouterr().err
