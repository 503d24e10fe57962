"""Scans are read again: intact, changed, missing and unreadable are four different things."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from django.core.management import CommandError, call_command

from archive import accession
from archive.inspection import check_scan, ranges
from archive.models import Event, FixityCheck, Scan
from archive.mounts import mount_point
from fixtures.clips import write_clip, write_sequence
from tests.factories import make_scan, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

SMALL: dict[str, Any] = {"frames": 6, "width": 64, "height": 48}


def take_in(path: Path) -> Scan:
    rate = Fraction(16) if path.is_dir() else None
    return accession.ingest(path, title="Harbour Day", rate=rate, derivatives=False).scan


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "film.mkv", **SMALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sequence(tmp_path / "frames", **SMALL)


def test_an_untouched_scan_is_intact_and_an_event_says_so(film: Path) -> None:
    scan = take_in(film)
    anna = make_user(name="anna")

    check = check_scan(scan, by=anna)

    assert check.outcome == "intact"
    event = Event.objects.get(kind="fixity check")
    assert (event.outcome, event.agent.user) == ("success", anna)


def test_a_changed_frame_is_named(film: Path, tmp_path: Path) -> None:
    scan = take_in(film)
    other = write_clip(tmp_path / "other.mkv", **SMALL | {"frames": 7}).read_bytes()
    whole = film.read_bytes()
    assert len(other) > len(whole)
    # Another picture in the place of frame 3: its block is found by the frame's own bytes.
    changed = bytearray(whole)
    changed[len(whole) * 6 // 10] ^= 0xFF
    film.write_bytes(changed)

    check = check_scan(scan)

    assert check.outcome == "changed"
    named = check.detail["frames"] + check.detail["unreadable_frames"]
    assert named
    assert all(0 <= start < end <= 6 for start, end in named)
    assert named != [[0, 6]]
    assert Event.objects.get(kind="fixity check").outcome == "failure"


def test_changed_bytes_around_intact_frames_are_told_apart(film: Path) -> None:
    scan = take_in(film)
    with film.open("ab") as file:
        file.write(b"\xec\x84\x00\x00\x00\x00")  # a Void element behind the last cluster

    check = check_scan(scan)

    assert check.outcome == "changed"
    assert check.detail["frames"] == []


def test_a_changed_frame_file_is_named(folder: Path) -> None:
    scan = take_in(folder)
    (folder / "frame_00003.png").write_bytes((folder / "frame_00004.png").read_bytes())

    check = check_scan(scan)

    assert (check.outcome, check.detail["frames"]) == ("changed", [[2, 3]])


def test_a_frame_file_that_is_gone_is_missing(folder: Path) -> None:
    scan = take_in(folder)
    (folder / "frame_00003.png").unlink()

    check = check_scan(scan)

    assert (check.outcome, check.detail["missing_frames"]) == ("missing", [[2, 3]])


def test_a_file_that_is_gone_is_missing_not_changed(film: Path) -> None:
    scan = take_in(film)
    film.unlink()

    assert check_scan(scan).outcome == "missing"


def test_a_disk_that_is_not_mounted_is_unreadable_not_missing(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = take_in(film)
    disk = tmp_path / "disk"
    disk.mkdir()
    assert scan.mounted_at == mount_point(film) and Path(scan.mounted_at).is_mount()
    # As it is once the disk is not mounted: an empty folder where it was.
    Scan.objects.update(path=str(disk / "film.mkv"), mounted_at=str(disk))
    make_scan()

    with pytest.raises(CommandError):
        call_command("check_fixity", "--json")

    there, gone = json.loads(capsys.readouterr().out)["scans"]
    assert (there["outcome"], gone["outcome"]) == ("unreadable", "missing")
    assert f"Nothing is mounted at {disk}" in there["words"]
    film.rename(disk / "film.mkv")
    assert check_scan(Scan.objects.get(pk=scan.pk)).outcome == "intact"
    assert Scan.objects.get(pk=scan.pk).mounted_at == scan.mounted_at, "where it lies now"


def test_a_file_that_cannot_be_read_is_unreadable_not_changed(film: Path) -> None:
    scan = take_in(film)
    film.unlink()
    film.symlink_to("/proc/self/mem")  # opens, and then gives an input/output error

    check = check_scan(scan)

    assert check.outcome == "unreadable"
    assert "cannot be read" in check.detail["words"]


def test_a_pipe_in_the_place_of_a_file_does_not_hang_the_check(film: Path) -> None:
    scan = take_in(film)
    film.unlink()
    os.mkfifo(film)

    assert check_scan(scan).outcome == "changed"


def test_a_report_finishes_and_fails_if_anything_is_amiss(
    film: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, changed, whole = make_scan(), take_in(folder), take_in(film)
    (folder / "frame_00001.png").write_bytes(b"no picture")

    with pytest.raises(CommandError, match="Not every scan"):
        call_command("check_fixity", "--json")

    report = json.loads(capsys.readouterr().out)
    outcomes = {one["scan"]: one["outcome"] for one in report["scans"]}
    assert outcomes == {gone.pk: "missing", changed.pk: "changed", whole.pk: "intact"}
    assert (report["checked"], report["intact"]) == (3, 1)


@pytest.mark.slow
def test_a_flipped_bit_is_told_as_its_frame_and_a_disk_that_is_away_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One report over three masters: one bit of frame 500, a disk that is away, one sound."""
    master = write_clip(tmp_path / "long.mkv", **SMALL | {"frames": 600})
    flipped = take_in(master)
    away = take_in(write_clip(tmp_path / "away.mkv", **SMALL | {"frames": 7}))
    sound = take_in(write_clip(tmp_path / "sound.mkv", **SMALL | {"frames": 8}))
    with av.open(str(master)) as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
    found = packets[500]
    assert found.pos is not None
    data = bytearray(master.read_bytes())
    place = bytes(data).index(bytes(found), found.pos) + found.size // 2
    data[place] ^= 0b00010000
    master.write_bytes(data)
    (tmp_path / "disk").mkdir()
    Scan.objects.filter(pk=away.pk).update(
        path=str(tmp_path / "disk" / "away.mkv"), mounted_at=str(tmp_path / "disk")
    )

    with pytest.raises(CommandError, match="Not every scan"):
        call_command("check_fixity", "--json")

    report = {one["scan"]: one for one in json.loads(capsys.readouterr().out)["scans"]}
    one = report[flipped.pk]
    assert one["frames"] + one["unreadable_frames"] == [[500, 501]], one
    assert (one["outcome"], one["missing_frames"], one["path"]) == ("changed", [], str(master))
    assert report[away.pk]["outcome"] == "unreadable"
    assert report[sound.pk]["outcome"] == "intact"


def test_only_scans_that_are_due_are_read(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = take_in(film)
    check_scan(scan)

    call_command("check_fixity", "--older-than", "30")
    assert "0 of 0" in capsys.readouterr().out

    call_command("check_fixity", str(scan.reel_id))
    assert FixityCheck.objects.count() == 2


def test_a_reel_that_is_not_there_is_an_error() -> None:
    with pytest.raises(CommandError, match="reel 999"):
        call_command("check_fixity", "999")


def test_frames_are_told_as_ranges() -> None:
    assert ranges([0, 1, 2, 5, 7, 8]) == [[0, 3], [5, 6], [7, 9]]
    assert ranges([]) == []
