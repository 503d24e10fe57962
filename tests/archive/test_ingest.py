"""Film of every kind is taken into custody, exactly counted, and its master left alone."""

from __future__ import annotations

import hashlib
import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection

import archive
from archive import accession, custody, derived
from archive.errors import AccessionRefused, ChangedWhileRead
from archive.media.errors import BrokenSequence, MediaError, NoFrames, NotAVideo
from archive.models import Element, Event, Reel, Scan, Title
from fixtures.clips import write_clip, write_edit_listed_mp4, write_sequence
from tests.factories import make_reel, make_title

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

SMALL: dict[str, Any] = {"frames": 6, "width": 64, "height": 48}


def take_in(path: Path, **asked: Any) -> accession.Accession:
    return accession.ingest(path, **{"title": "Harbour Day", "derivatives": False} | asked)


def state_of(path: Path) -> list[tuple[str, int, int, int, str]]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = []
    for file in files:
        held = file.stat()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found.append((file.name, held.st_mode, held.st_size, held.st_mtime_ns, digest))
    return found


def nothing_was_left(media_home: Path) -> bool:
    """Neither a row nor a file."""
    rows = [model.objects.exists() for model in (Title, Element, Reel, Scan, Event)]
    return not any(rows) and not list(media_home.glob("**/*.*"))


# What is recorded


def test_a_file_becomes_title_element_reel_and_scan(tmp_path: Path, archivist: User) -> None:
    path = write_clip(tmp_path / "harbour.mkv", rate=18, start_timecode="01:00:00:00", **SMALL)

    result = take_in(path, by=archivist, collection="Newsreels")

    assert result.created
    assert str(result.reel) == "Harbour Day, reel 1"
    assert result.reel.title.collection.name == "Newsreels"
    scan = Scan.objects.get()
    assert (scan.kind, scan.frames, scan.rate) == ("file", 6, Fraction(18))
    assert (scan.width, scan.height, scan.pixel_format, scan.bit_depth) == (64, 48, "gray", 8)
    assert scan.start_timecode == "01:00:00:00"
    assert scan.field_order == "progressive"
    assert scan.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert scan.bytes == path.stat().st_size
    assert scan.path == str(path)
    assert scan.mediainfo["tracks"]


def test_events_tell_what_was_done_by_what_and_who_asked(tmp_path: Path, archivist: User) -> None:
    result = take_in(write_clip(tmp_path / "a.mkv", **SMALL), by=archivist)

    events = list(Event.objects.filter(reel=result.reel))
    assert [event.kind for event in events] == [
        "ingestion",
        "message digest calculation",
        "format identification",
        "metadata extraction",
    ]
    assert events[0].agent.user == archivist
    assert str(events[1].agent) == f"Reelproof {archive.__version__}"
    assert events[2].agent.name == "MediaInfo"
    assert {event.detail["asked_by"] for event in events} == {"anna"}
    assert events[1].detail["sha256"] == result.scan.sha256
    assert custody.verify_chain(f"reel:{result.reel.pk}") == []


def test_the_archives_own_chain_holds_the_reels_head(tmp_path: Path) -> None:
    result = take_in(write_clip(tmp_path / "a.mkv", **SMALL))

    event = Event.objects.get(chain="archive")
    assert event.detail["sha256"] == result.scan.sha256
    assert event.detail["head"] == custody.chain_heads(result.reel)[f"reel:{result.reel.pk}"]


@pytest.mark.parametrize("make", [write_clip, write_sequence])
def test_the_master_is_only_read(tmp_path: Path, make: Any) -> None:
    path = make(tmp_path / ("film.mkv" if make is write_clip else "film"), **SMALL)
    for file in [path, *(path.iterdir() if path.is_dir() else [])]:
        os.utime(file, ns=(1_000_000_000, 1_000_000_000))
    path.chmod(0o555)
    before = state_of(path)

    take_in(path, rate=Fraction(16), derivatives=True)

    assert state_of(path) == before
    assert path.stat().st_mtime_ns == 1_000_000_000


def test_a_frame_table_and_framemd5_lie_in_the_scans_folder(tmp_path: Path) -> None:
    scan = take_in(write_clip(tmp_path / "a.mkv", **SMALL)).scan

    table = derived.frame_table(scan)
    assert len(table) == 6
    text = (derived.folder(scan) / derived.FRAMEMD5).read_text()
    assert [line.split(",")[-1].strip() for line in text.splitlines()[-6:]] == list(table.md5)


@pytest.mark.parametrize(
    ("suffix", "bits", "expected"),
    [
        ("png", 8, "gray"),
        pytest.param("png", 16, "gray16le", marks=pytest.mark.slow),
        ("tiff", 16, "gray16le"),
        ("dpx", 10, "gbrp10le"),
    ],
)
def test_a_folder_of_frames_is_one_scan(
    tmp_path: Path, suffix: str, bits: int, expected: str
) -> None:
    folder = write_sequence(tmp_path / "frames", suffix=suffix, bits=bits, **SMALL)

    scan = take_in(folder, rate=Fraction(16)).scan

    assert (scan.kind, scan.frames, scan.rate) == ("sequence", 6, Fraction(16))
    assert (scan.pixel_format, scan.bit_depth) == (expected, bits)
    manifest = (derived.folder(scan) / derived.MANIFEST).read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == scan.sha256
    assert scan.bytes == sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(50)])
def test_rates_are_exact(tmp_path: Path, rate: Fraction) -> None:
    scan = take_in(write_clip(tmp_path / "a.mkv", rate=rate, **SMALL)).scan

    assert scan.rate == rate


def test_a_rate_that_the_archivist_gives_replaces_a_wrong_one(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", rate=25, **SMALL)

    assert take_in(path, rate=Fraction(18)).scan.rate == 18


# Difficult, but film: `media/test_probe.py` asks the reader itself


@pytest.mark.slow
def test_a_variable_frame_rate_is_recorded_as_such(tmp_path: Path) -> None:
    ticks = [0, 1000, 2000, 3500, 5000, 6000]
    scan = take_in(write_clip(tmp_path / "a.mkv", ticks=ticks, **SMALL)).scan

    assert scan.variable_rate
    assert scan.frames == 6


@pytest.mark.slow
def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    result = take_in(write_edit_listed_mp4(tmp_path / "a.mp4", frames=20, hidden=7))

    assert result.scan.frames == 13
    assert "hides 7" in " ".join(result.scan.warnings)


@pytest.mark.slow
def test_odd_dimensions_are_kept(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", frames=6, width=161, height=121, pixel="yuv420p")
    scan = take_in(path, derivatives=True).scan

    assert (scan.width, scan.height) == (161, 121)
    assert scan.derivatives == Scan.Derivatives.READY


@pytest.mark.parametrize("tracks", [pytest.param(0, marks=pytest.mark.slow), 5])
def test_every_sound_track_is_recorded(tmp_path: Path, tracks: int) -> None:
    path = write_clip(tmp_path / "a.mkv", audio_tracks=tracks, **SMALL)
    scan = take_in(path, derivatives=True).scan

    assert len(scan.audio) == tracks
    assert [track["samples"] > 0 for track in scan.audio] == [True] * tracks
    assert scan.derivatives == Scan.Derivatives.READY


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "Носферату" 東京 ñ.mkv',
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("with space.mkv", 'it\'s "quoted".mkv', "reel:1%d?.mkv", "-i.mkv")
        ),
    ],
)
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / "plain.mkv", **SMALL)
    path = path.rename(tmp_path / name)

    scan = take_in(path).scan

    assert scan.path == str(path)


def test_a_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", frames=30, width=64, height=48)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])

    result = take_in(path)

    assert result.scan.frames < 30
    assert result.warnings
    assert Event.objects.get(kind="validation").outcome == "warning"


# Refusals, after which nothing is left


def test_a_missing_file_is_refused(tmp_path: Path, media_home: Path) -> None:
    with pytest.raises(AccessionRefused, match="cannot be opened"):
        take_in(tmp_path / "nowhere.mkv")
    assert nothing_was_left(media_home)


def write_empty(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("This is a shopping list, not a film.\n" * 50)


def write_noise(path: Path) -> None:
    path.write_bytes(b"\x00\x00\x00\x20ftypisom" + os.urandom(4096))


def write_headless(path: Path) -> None:
    """An MP4 whose copy stopped before the index that stands at its end."""
    whole = write_clip(path.with_name("whole.mp4"), codec="libx264", pixel="yuv420p", **SMALL)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


@pytest.mark.parametrize("write", [write_empty, write_text, write_noise, write_headless])
def test_what_is_no_video_is_refused(tmp_path: Path, media_home: Path, write: Any) -> None:
    path = tmp_path / "film.mp4"
    write(path)

    with pytest.raises(NotAVideo):
        take_in(path)
    assert nothing_was_left(media_home)


@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "ffv1"), ("mp4", "libx264")])
def test_a_video_without_frames_is_refused(
    tmp_path: Path, media_home: Path, suffix: str, codec: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()

    with pytest.raises((NotAVideo, NoFrames)):
        take_in(path)
    assert nothing_was_left(media_home)


def test_a_missing_frame_number_is_named(tmp_path: Path, media_home: Path) -> None:
    folder = write_sequence(tmp_path / "frames", missing=[3], **SMALL)

    with pytest.raises(BrokenSequence, match="3"):
        take_in(folder, rate=Fraction(16))
    assert nothing_was_left(media_home)


def test_frames_of_mixed_size_are_refused(tmp_path: Path, media_home: Path) -> None:
    folder = write_sequence(tmp_path / "frames", other_size=[4], **SMALL)

    with pytest.raises(MediaError, match="64x48"):
        take_in(folder, rate=Fraction(16))
    assert nothing_was_left(media_home)


def test_a_folder_without_a_rate_is_refused(tmp_path: Path, media_home: Path) -> None:
    folder = write_sequence(tmp_path / "frames", **SMALL)

    with pytest.raises(MediaError, match="rate"):
        take_in(folder)
    assert nothing_was_left(media_home)


@pytest.mark.skipif(os.name != "posix", reason="such names exist on POSIX alone")
def test_a_name_that_is_no_text_is_refused(tmp_path: Path, media_home: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", **SMALL)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.mkv"))
    path.rename(odd)

    with pytest.raises(AccessionRefused, match="UTF-8"):
        take_in(odd)
    assert nothing_was_left(media_home)


@pytest.mark.parametrize("title", ["", "   ", "x" * 401, "a\x00b"])
def test_a_title_that_says_nothing_is_refused(tmp_path: Path, media_home: Path, title: str) -> None:
    with pytest.raises(AccessionRefused, match="title"):
        take_in(write_clip(tmp_path / "a.mkv", **SMALL), title=title)
    assert nothing_was_left(media_home)


@pytest.mark.parametrize("keep_time", [False, True], ids=["plainly", "with the old time"])
def test_a_master_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, media_home: Path, keep_time: bool
) -> None:
    path = write_clip(tmp_path / "a.mkv", **SMALL)
    held = path.stat()

    def change(what: str, _done: int, _total: int) -> None:
        if what == "frames":
            path.write_bytes(path.read_bytes()[:-1] + b"X")
            if keep_time:
                os.utime(path, ns=(held.st_atime_ns, held.st_mtime_ns))

    with pytest.raises(ChangedWhileRead, match="Wait until"):
        take_in(path, progress=change)
    assert nothing_was_left(media_home)


def test_a_frame_that_arrives_while_the_folder_is_read_is_refused(
    tmp_path: Path, media_home: Path
) -> None:
    folder = write_sequence(tmp_path / "frames", **SMALL)

    def add(what: str, _done: int, _total: int) -> None:
        if what == "frames":
            (folder / "frame_00007.png").write_bytes((folder / "frame_00006.png").read_bytes())

    with pytest.raises(ChangedWhileRead):
        take_in(folder, rate=Fraction(16), progress=add)
    assert nothing_was_left(media_home)


def test_a_failure_in_the_last_step_leaves_nothing(
    tmp_path: Path, media_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_staging: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(derived.Staging, "publish", fail)

    with pytest.raises(AccessionRefused, match="No space left on device"):
        take_in(write_clip(tmp_path / "a.mkv", **SMALL))
    assert nothing_was_left(media_home)


def test_a_file_that_fails_while_it_is_read_is_refused(tmp_path: Path, media_home: Path) -> None:
    folder = write_sequence(tmp_path / "frames", **SMALL)
    (folder / "frame_00003.png").unlink()
    (folder / "frame_00003.png").symlink_to("/proc/self/mem")  # opens; reading fails

    with pytest.raises(AccessionRefused, match="cannot be read: Input/output error"):
        take_in(folder, rate=Fraction(16))
    assert nothing_was_left(media_home)


def test_what_a_crash_left_on_disk_does_not_stand_in_the_way(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", **SMALL)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    left = derived.Staging(derived.key_for(sha256))
    (left.path / "frames.json").write_text("half")
    left.publish()

    scan = take_in(path).scan

    assert len(derived.frame_table(scan)) == 6


# The same film again, and its place in the catalogue


def test_the_same_bytes_are_offered_not_held_twice(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", **SMALL)
    first = take_in(path)
    events = Event.objects.count()
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(path.read_bytes())

    again = take_in(copy, title="Another name")

    assert not again.created
    assert (again.reel, again.scan) == (first.reel, first.scan)
    assert (Scan.objects.count(), Title.objects.count(), Event.objects.count()) == (1, 1, events)


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_taken_in_at_the_same_moment_are_held_once(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", **SMALL)
    results: list[accession.Accession] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(take_in(path))
        except (DatabaseError, OSError) as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(result.created for result in results) == [False, True]
    assert Scan.objects.count() == 1
    assert len(derived.frame_table(Scan.objects.get())) == 6


def test_a_known_title_gets_its_next_reel(tmp_path: Path) -> None:
    first = take_in(write_clip(tmp_path / "a.mkv", **SMALL))
    second = take_in(write_clip(tmp_path / "b.mkv", frames=7, width=64, height=48))

    assert (second.reel.number, second.reel.element) == (2, first.reel.element)


def test_a_title_of_the_same_name_in_another_collection_is_another_film(tmp_path: Path) -> None:
    make_title("Harbour Day", collection="Features")

    result = take_in(write_clip(tmp_path / "a.mkv", **SMALL), collection="Newsreels")

    assert Title.objects.count() == 2
    assert result.reel.title.collection.name == "Newsreels"


def test_another_print_is_another_element(tmp_path: Path) -> None:
    take_in(write_clip(tmp_path / "a.mkv", **SMALL), element="nitrate negative")
    second = write_clip(tmp_path / "b.mkv", frames=7, width=64, height=48)

    result = take_in(second, element="safety print")

    assert (str(result.reel.element), result.reel.number) == ("Harbour Day: safety print", 1)
    assert Title.objects.count() == 1


def test_a_reel_number_that_is_taken_is_refused(tmp_path: Path) -> None:
    take_in(write_clip(tmp_path / "a.mkv", **SMALL), number=4)
    second = write_clip(tmp_path / "b.mkv", frames=7, width=64, height=48)

    with pytest.raises(AccessionRefused, match="Reel 4"):
        take_in(second, number=4)


def test_a_new_scan_of_a_reel_becomes_its_current_one(tmp_path: Path) -> None:
    reel = make_reel()
    first = take_in(write_clip(tmp_path / "a.mkv", **SMALL), reel=reel)
    second = take_in(write_clip(tmp_path / "b.mkv", frames=7, width=64, height=48), reel=reel)

    assert first.reel == second.reel == reel
    assert reel.current_scan() == second.scan
