"""Proxy, stills and waveform: made once, made again, and never a reason to lose a film."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from django.utils import timezone

from archive import accession, custody, derived, tasks
from archive.media.frames import FrameTable
from archive.models import Event, Scan
from fixtures.clips import write_clip

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    path = write_clip(tmp_path / "film.mkv", frames=12, width=64, height=48, audio_tracks=1)
    return accession.ingest(path, title="Harbour Day", derivatives=False).scan


def test_they_lie_in_the_scans_folder(scan: Scan) -> None:
    assert scan.derivatives == Scan.Derivatives.WAITING

    derived.make_derivatives(scan)

    scan.refresh_from_db()
    folder = derived.folder(scan)
    assert (scan.derivatives, scan.derivatives_done) == (Scan.Derivatives.READY, 12)
    with av.open(str(folder / derived.PROXY)) as proxy:
        packets = [packet for packet in proxy.demux(video=0) if packet.size]
    assert len(packets) == 12
    assert all(packet.is_keyframe for packet in packets)
    assert len(FrameTable.load(folder / derived.PROXY_FRAMES)) == 12
    assert len(list((folder / derived.STILLS).glob("*.jpg"))) == 12
    assert len(json.loads((folder / derived.WAVEFORM).read_text())["tracks"]) == 1
    assert Event.objects.get(kind="derivation").detail["stills"] == 12
    assert custody.verify_chain(f"reel:{scan.reel_id}") == []


def test_a_failure_keeps_the_film_and_says_why(scan: Scan) -> None:
    master = Path(scan.path)
    away = master.rename(master.with_suffix(".away"))

    derived.make_derivatives(scan)

    scan.refresh_from_db()
    assert scan.derivatives == Scan.Derivatives.FAILED
    assert scan.derivatives_error
    assert not list(derived.folder(scan).glob(".making-*"))

    away.rename(master)
    derived.make_derivatives(scan)
    scan.refresh_from_db()
    assert (scan.derivatives, scan.derivatives_error) == (Scan.Derivatives.READY, "")


def test_a_full_disk_is_told_in_its_own_words(scan: Scan, monkeypatch: Any) -> None:
    def fill(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(derived, "derive_safely", fill)
    derived.make_derivatives(scan)

    assert "No space left on device" in scan.derivatives_error
    assert "Make room" in scan.derivatives_error


def test_they_are_replaced_when_made_again(scan: Scan) -> None:
    derived.make_derivatives(scan)
    stills = derived.folder(scan) / derived.STILLS
    (stills / "999999.jpg").write_bytes(b"of an older version")

    derived.make_derivatives(scan)

    assert not (stills / "999999.jpg").exists()
    assert (derived.folder(scan) / derived.PROXY).exists()


def test_two_makers_do_not_work_at_once(scan: Scan) -> None:
    Scan.objects.update(derivatives="making", derivatives_seen=timezone.now())

    derived.make_derivatives(scan)

    assert not (derived.folder(scan) / derived.PROXY).exists()


def test_a_maker_that_fell_silent_is_replaced(scan: Scan) -> None:
    left = derived.folder(scan) / ".making-dead"
    left.mkdir()
    long_ago = timezone.now() - timedelta(minutes=6)
    Scan.objects.update(derivatives="making", derivatives_seen=long_ago)

    assert derived.sweep() == {"derivatives_rung": 1}
    assert not left.exists()

    tasks.make_derivatives(scan.pk)
    scan.refresh_from_db()
    assert scan.derivatives == Scan.Derivatives.READY


def test_a_film_that_kills_its_maker_again_and_again_is_given_up(scan: Scan) -> None:
    long_ago = timezone.now() - timedelta(minutes=6)
    Scan.objects.update(
        derivatives="making", derivatives_seen=long_ago, derivatives_attempts=derived.ATTEMPTS
    )

    derived.sweep()

    scan.refresh_from_db()
    assert scan.derivatives == Scan.Derivatives.FAILED
    assert "died 3 times" in scan.derivatives_error


def test_a_film_whose_message_was_lost_is_found(scan: Scan) -> None:
    assert derived.sweep() == {"derivatives_rung": 0}
    Scan.objects.update(created=timezone.now() - timedelta(minutes=2))

    assert tasks.sweep()["derivatives_rung"] == 1
    assert derived.sweep() == {"derivatives_rung": 0}


def test_a_lost_folder_can_not_be_made_from_nothing(scan: Scan) -> None:
    shutil.rmtree(derived.folder(scan))

    derived.make_derivatives(scan)

    assert scan.derivatives == Scan.Derivatives.FAILED
    assert "probe the scan again" in scan.derivatives_error
