"""A second copy is named, compared with every check, and takes a lost master's place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from archive import custody, fixity_schedule, second_copies
from archive.errors import CopyRefused
from archive.fixity import sha256_file
from archive.models import Event, FixityCheck, Scan, SecondCopy
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    master = tmp_path / "film.mkv"
    master.write_bytes(b"film" * 1000)
    return factories.make_scan(path=str(master), sha256=sha256_file(master))


@pytest.fixture
def copy(scan: Scan, tmp_path: Path) -> SecondCopy:
    (tmp_path / "elsewhere").mkdir()
    path = Path(shutil.copy(scan.path, tmp_path / "elsewhere" / "film.mkv"))
    return second_copies.name(scan, path)


def test_what_is_no_copy_is_refused(scan: Scan, copy: SecondCopy, tmp_path: Path) -> None:
    other = tmp_path / "other.mkv"
    other.write_bytes(b"f" * 4000)
    for path, said in (
        (Path(scan.path), "master itself"), (other, "changed"), (Path(copy.path), "already"),
        (tmp_path / "nowhere.mkv", "missing"),
    ):  # fmt: skip
        with pytest.raises(CopyRefused, match=said):
            second_copies.name(scan, path)
    assert SecondCopy.objects.get() == copy


def test_a_check_of_the_master_reads_the_copy_too(scan: Scan, copy: SecondCopy) -> None:
    call_command("check_fixity")
    Path(copy.path).unlink()
    with pytest.raises(CommandError, match="Not every scan and copy"):
        call_command("check_fixity")
    copy.refresh_from_db()
    assert copy.outcome == "missing"
    assert set(FixityCheck.objects.values_list("outcome", flat=True)) == {"intact"}
    shutil.copy(scan.path, copy.path)
    Scan.objects.update(fixity_asked=timezone.now())
    assert fixity_schedule.check(scan.pk) is not None
    copy.refresh_from_db()
    assert copy.outcome == "intact", "the schedule reads it too"


def test_a_damaged_master_gives_way_and_nothing_is_written_over(
    scan: Scan, copy: SecondCopy
) -> None:
    damaged, good = Path(scan.path), Path(copy.path)
    damaged.write_bytes(b"FILM" * 1000)
    call_command("second_copy", str(scan.reel_id), "--repair", "disk 4 fails")

    scan.refresh_from_db()
    copy.refresh_from_db()
    assert (scan.path, copy.path, copy.outcome) == (str(good), str(damaged), "changed")
    assert damaged.read_bytes() == b"FILM" * 1000
    event = Event.objects.get(kind="relocation")
    assert event.detail == {"from": str(damaged), "to": str(good), "reason": "disk 4 fails"}
    assert custody.verify_chain(f"reel:{scan.reel_id}") == []
    with pytest.raises(CommandError, match="not intact itself"):
        call_command("second_copy", str(scan.reel_id), "--repair", "back again")
    with pytest.raises(CommandError, match="Not every copy"):
        call_command("second_copy", str(scan.reel_id))
