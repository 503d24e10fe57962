"""Masters are read again when they are due, one at a time on a disk, and nothing is asked twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive import accession, fixity_schedule, tasks
from archive.models import FixityCheck, FixitySchedule, Scan
from fixtures.clips import write_clip, write_sequence
from tests.factories import make_scan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

SMALL: dict[str, Any] = {"frames": 6, "width": 64, "height": 48}


def long_held(**fields: Any) -> Scan:
    scan = make_scan(**fields)
    Scan.objects.filter(pk=scan.pk).update(created=timezone.now() - timedelta(days=100))
    return scan


def test_what_is_new_or_was_read_lately_is_left_alone() -> None:
    make_scan()
    read = long_held()
    FixityCheck.objects.create(scan=read, outcome="intact")

    assert fixity_schedule.sweep() == {"fixity_rung": 0}


def test_one_scan_a_disk_is_asked_for_and_the_next_when_it_is_done() -> None:
    first, second = long_held(), long_held()

    assert tasks.sweep()["fixity_rung"] == 1
    assert fixity_schedule.sweep() == {"fixity_rung": 0}, "the disk is being read"
    assert list(Scan.objects.filter(fixity_asked=None)) == [second]
    tasks.check_fixity(first.pk)
    assert first.checks.get().outcome == "missing"
    tasks.check_fixity(first.pk)
    assert first.checks.count() == 1, "a message that comes twice is answered once"
    assert fixity_schedule.sweep() == {"fixity_rung": 1}
    tasks.check_fixity(second.pk)
    assert fixity_schedule.sweep() == {"fixity_rung": 0}


def test_what_nobody_answered_for_is_asked_again_after_a_day() -> None:
    scan = long_held()
    fixity_schedule.sweep()
    Scan.objects.filter(pk=scan.pk).update(fixity_asked=timezone.now() - timedelta(days=2))

    assert fixity_schedule.sweep() == {"fixity_rung": 1}


def test_it_can_be_switched_off(settings: Any) -> None:
    settings.FIXITY_DAYS = 0
    long_held()
    assert fixity_schedule.sweep() == {"fixity_rung": 0}


def test_each_storage_is_read_by_its_own_row_that_of_the_longest_folder(settings: Any) -> None:
    settings.FIXITY_DAYS = 365
    tapes, disk, other = (
        long_held(path=f"{folder}/film.mkv") for folder in ("/mnt/a/tapes", "/mnt/a", "/mnt/ab")
    )
    FixitySchedule.objects.create(place="/mnt/a", days=30)
    assert list(fixity_schedule.due()) == [tapes, disk], "/mnt/ab is another folder"
    row = FixitySchedule.objects.create(place="/mnt/a/tapes", days=0)
    assert list(fixity_schedule.due()) == [disk], "tapes are never read by themselves"
    row.days = 200
    row.save()
    assert list(fixity_schedule.due()) == [disk]
    settings.FIXITY_DAYS = 90
    assert list(fixity_schedule.due()) == [disk, other]


def test_a_storage_is_read_in_its_hours_and_no_more_than_its_share_a_day() -> None:
    size = 2 * 10**9
    films = [long_held(path=f"/nowhere/else{n}/film.mkv", bytes=size) for n in range(3)]
    now = timezone.localtime().hour
    row = FixitySchedule.objects.create(
        place="/nowhere", days=30, from_hour=(now + 2) % 24, to_hour=(now + 3) % 24
    )
    assert fixity_schedule.sweep() == {"fixity_rung": 0}, "its hours have not come"
    row.from_hour, row.to_hour, row.gigabytes_a_day = (now - 1) % 24, (now + 2) % 24, 3
    row.save()
    assert fixity_schedule.sweep() == {"fixity_rung": 1}
    tasks.check_fixity(films[0].pk)
    assert fixity_schedule.sweep() == {"fixity_rung": 0}, "two more gigabytes would be four"
    row.gigabytes_a_day = 4
    row.save()
    assert fixity_schedule.sweep() == {"fixity_rung": 1}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"place": "disk4"}, "whole path"),
        ({"from_hour": 22}, "both hours or none"),
        ({"from_hour": 22, "to_hour": 24}, "0 to 23"),
    ],
)
def test_a_row_that_makes_no_sense_says_why(typed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FixitySchedule(**{"place": "/mnt/a", "days": 30} | typed).full_clean()


def test_today_names_the_frames_of_a_damaged_scan(
    tmp_path: Path, client: Client, archivist: Any, settings: Any
) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    folder = write_sequence(tmp_path / "frames", **SMALL)
    scan = accession.ingest(folder, title="Harbour Day", rate=16, derivatives=False).scan  # type: ignore[arg-type]
    other = write_clip(tmp_path / "film.mkv", **SMALL)
    whole = accession.ingest(other, title="Harbour Night", derivatives=False).scan
    (folder / "frame_00003.png").write_bytes((folder / "frame_00004.png").read_bytes())
    Scan.objects.update(created=timezone.now() - timedelta(days=100), fixity_asked=timezone.now())
    for each in (scan, whole):
        tasks.check_fixity(each.pk)

    client.force_login(archivist)
    page = client.get(reverse("today")).content.decode()

    assert "1 of 6 frames decode to other pictures (2)" in page
    assert reverse("reel", args=[scan.reel_id]) in page
    assert "Harbour Night" not in page
