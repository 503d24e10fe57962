"""What is dropped into the watched folder is taken in when it has settled, and only then."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from archive.models import Scan, Title
from archive.watch import Watcher, has_writer, title_and_rate
from fixtures.clips import write_clip, write_sequence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

SMALL: dict[str, Any] = {"frames": 4, "width": 64, "height": 48}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "watch"
    made.mkdir()
    return made


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mkv", **SMALL)


def look(watcher: Watcher, times: int) -> list[str]:
    return [path.name for _ in range(times) for path in watcher.look()]


def test_a_film_is_taken_in_once_it_has_settled(folder: Path, clip: Path) -> None:
    watcher = Watcher(folder, looks=3)
    shutil.copy(clip, folder / "Harbour Day.mkv")

    assert look(watcher, 2) == []
    assert look(watcher, 1) == ["Harbour Day.mkv"]

    scan = Scan.objects.get()
    assert scan.reel.title.name == "Harbour Day"
    assert scan.path == str(folder / "Harbour Day.mkv")
    assert look(watcher, 3) == []


def test_a_film_that_still_grows_is_left_alone(folder: Path, clip: Path) -> None:
    watcher = Watcher(folder, looks=2)
    whole = clip.read_bytes()
    growing = folder / "film.mkv"
    for end in range(200, len(whole), len(whole) // 4):
        growing.write_bytes(whole[:end])
        assert look(watcher, 1) == []
    growing.write_bytes(whole)

    assert look(watcher, 1) == []
    assert look(watcher, 1) == ["film.mkv"]
    assert Scan.objects.get().frames == 4


def test_a_film_that_somebody_holds_open_for_writing_is_left_alone(
    folder: Path, clip: Path
) -> None:
    path = folder / "film.mkv"
    shutil.copy(clip, path)
    watcher = Watcher(folder, looks=1)

    with path.open("r+b"):
        assert has_writer(path)
        assert look(watcher, 2) == []
    with path.open("rb"):
        assert not has_writer(path)
    assert look(watcher, 1) == ["film.mkv"]


def test_a_folder_of_frames_is_taken_in_at_the_rate_in_its_name(folder: Path) -> None:
    frames = write_sequence(folder / "Harbour Day @18", **SMALL)
    watcher = Watcher(folder, looks=2)
    look(watcher, 1)
    with (frames / "frame_00005.png").open("wb") as file:
        file.write((frames / "frame_00004.png").read_bytes())

    assert look(watcher, 1) == []
    assert look(watcher, 1) == ["Harbour Day @18"]

    scan = Scan.objects.get()
    assert (scan.reel.title.name, scan.rate, scan.frames) == ("Harbour Day", 18, 5)


def test_a_refusal_is_written_beside_the_film_and_not_repeated(folder: Path, clip: Path) -> None:
    path = folder / "list.mp4"
    path.write_text("bread, milk")
    watcher = Watcher(folder, looks=1)

    assert look(watcher, 3) == ["list.mp4"]
    assert "not a video" in (folder / "list.mp4.error.txt").read_text()
    assert look(Watcher(folder, looks=1), 2) == []  # a restart does not try again either

    shutil.copy(clip, path)
    assert look(watcher, 2) == ["list.mp4"]
    assert Scan.objects.count() == 1
    assert not (folder / "list.mp4.error.txt").exists()


def test_a_folder_without_a_rate_is_told_what_to_do(folder: Path) -> None:
    write_sequence(folder / "Harbour Day", **SMALL)

    look(Watcher(folder, looks=1), 1)

    words = (folder / "Harbour Day.error.txt").read_text()
    assert "rate" in words
    assert '"Harbour Day @18"' in words


def test_a_film_that_is_held_already_is_noted(folder: Path, clip: Path) -> None:
    shutil.copy(clip, folder / "a.mkv")
    shutil.copy(clip, folder / "b.mkv")
    watcher = Watcher(folder, looks=1)

    assert look(watcher, 3) == ["a.mkv", "b.mkv"]
    assert "holds these very bytes" in (folder / "b.mkv.note.txt").read_text()
    assert Title.objects.count() == 1


def test_a_restart_does_not_read_again_what_is_in_custody(folder: Path, clip: Path) -> None:
    shutil.copy(clip, folder / "a.mkv")
    look(Watcher(folder, looks=1), 1)

    assert look(Watcher(folder, looks=1), 2) == []


@pytest.mark.parametrize("name", [".hidden.mkv", "film.mkv.part", "notes.txt", "film.mkv~"])
def test_other_files_are_left_alone(folder: Path, name: str) -> None:
    (folder / name).write_text("x")

    assert look(Watcher(folder, looks=1), 2) == []
    assert [path.name for path in folder.iterdir()] == [name]


def test_an_empty_folder_is_not_yet_a_film(folder: Path) -> None:
    (folder / "soon").mkdir()

    assert look(Watcher(folder, looks=1), 2) == []
    assert not (folder / "soon.error.txt").exists()


@pytest.mark.parametrize(
    ("name", "title", "rate"),
    [
        ("Harbour Day.mkv", "Harbour Day", None),
        ("Harbour Day @18.mkv", "Harbour Day", Fraction(18)),
        ("Harbour@24000-1001.mkv", "Harbour", Fraction(24000, 1001)),
        ("Harbour @ 23.976 fps.mkv", "Harbour", Fraction(24000, 1001)),
        ("me@example.mkv", "me@example", None),
    ],
)
def test_title_and_rate_come_from_the_name(
    tmp_path: Path, name: str, title: str, rate: Fraction | None
) -> None:
    found = title_and_rate(tmp_path / name)

    assert (found.title, found.rate) == (title, rate)


def test_a_folders_name_has_no_ending(tmp_path: Path) -> None:
    (tmp_path / "Vol. 1 @16").mkdir()

    assert title_and_rate(tmp_path / "Vol. 1 @16") == ("Vol. 1", 16)


def test_the_command_looks_and_ends(
    folder: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(clip, folder / "a.mkv")

    call_command("watch", "--once", "--interval", "0", "--folder", str(folder))

    assert "dealt with a.mkv" in capsys.readouterr().err
    assert Scan.objects.count() == 1
