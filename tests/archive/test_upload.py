"""Films arrive in pieces (tus 1.0), go on where they stopped, and belong to who sends them."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from archive import arrivals, tasks
from archive import upload as uploads
from archive import upload_places as places
from archive.errors import UploadError
from archive.models import Scan, Upload
from archive.receiving import Checksum
from fixtures.clips import write_clip
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

TUS = {"Tus-Resumable": "1.0.0"}
FILES = "/upload/files/"


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    return write_clip(tmp_path / "film.mkv", frames=6, width=64, height=48).read_bytes()


@pytest.fixture
def sender(client: Client, archivist: User) -> Client:
    client.force_login(archivist)
    return client


def encoded(**values: str) -> str:
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
    return ",".join(pairs)


def announce(sender: Client, length: int, **told: str) -> Any:
    metadata = encoded(**{"filename": "film.mkv", "title": "Harbour Day"} | told)
    return sender.post(
        FILES, headers=TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata}
    )


def send(sender: Client, address: str, offset: int, piece: bytes, **headers: str) -> Any:
    return sender.patch(
        address,
        data=piece,
        content_type="application/offset+octet-stream",
        headers=TUS | {"Upload-Offset": str(offset)} | headers,
    )


def offset_of(sender: Client, address: str) -> int:
    return int(sender.head(address, headers=TUS)["Upload-Offset"])


def part_of(upload: Upload) -> bytes:
    return places.part_path(upload).read_bytes()


# The way of a film


def test_a_film_sent_in_pieces_is_taken_into_custody(
    sender: Client, archivist: User, film: bytes
) -> None:
    made = announce(sender, len(film), collection="Newsreels", rate="18")
    assert made.status_code == 201
    address = made["Location"]
    middle = len(film) // 2
    first = send(sender, address, 0, film[:middle])
    assert (first.status_code, first["Upload-Offset"]) == (204, str(middle))
    assert send(sender, address, middle, film[middle:]).status_code == 204
    upload = Upload.objects.get()
    assert upload.status == "waiting"

    tasks.ingest_upload(str(upload.pk))

    upload.refresh_from_db()
    assert upload.status == "done", upload.error
    scan = Scan.objects.get()
    assert scan.path == str(places.master_path(upload))
    assert Path(scan.path).read_bytes() == film
    assert Path(scan.path).stat().st_mode & 0o222 == 0  # nobody writes to a master
    assert (scan.rate, scan.reel.title.collection.name) == (18, "Newsreels")
    assert scan.reel.events.get(kind="ingestion").agent.user == archivist
    assert scan.derivatives == "ready"
    assert not places.part_path(upload).exists()


def test_an_upload_goes_on_at_the_byte_where_it_stopped(sender: Client, film: bytes) -> None:
    address = announce(sender, len(film))["Location"]
    send(sender, address, 0, film[:1000])

    class BrokenLine:
        """Gives some bytes, then the line breaks, as Django tells it."""

        def __init__(self) -> None:
            self.left = [film[1000:1500]]

        def read(self, _size: int) -> bytes:
            if self.left:
                return self.left.pop()
            from django.http import UnreadablePostError

            raise UnreadablePostError("connection reset")

    upload = Upload.objects.get()
    uploads.append(upload, offset=1000, source=BrokenLine())

    assert offset_of(sender, address) == 1500
    assert send(sender, address, 1500, film[1500:]).status_code == 204
    assert Path(places.master_path(upload)).read_bytes() == film


def test_what_arrived_before_a_crash_counts(sender: Client, film: bytes) -> None:
    """The worker is killed in the middle of a piece: the file is longer than any row says."""
    address = announce(sender, len(film))["Location"]
    upload = Upload.objects.get()
    places.part_path(upload).write_bytes(film[:777])

    assert offset_of(sender, address) == 777
    send(sender, address, 777, film[777:])
    assert places.master_path(upload).read_bytes() == film


def test_a_crash_after_the_last_byte_is_mended_by_the_sweeper(sender: Client, film: bytes) -> None:
    announce(sender, len(film))
    upload = Upload.objects.get()
    places.part_path(upload).write_bytes(film)
    Upload.objects.update(touched=timezone.now() - timedelta(minutes=5))

    assert uploads.sweep()["uploads_finished"] == 1

    upload.refresh_from_db()
    assert upload.status == "waiting"
    assert places.master_path(upload).read_bytes() == film


def test_a_crash_between_moving_and_noting_it_is_mended_too(sender: Client, film: bytes) -> None:
    announce(sender, len(film))
    upload = Upload.objects.get()
    master = places.master_path(upload)
    master.parent.mkdir(parents=True)
    master.write_bytes(film)
    places.part_path(upload).unlink()
    Upload.objects.update(touched=timezone.now() - timedelta(minutes=5))

    assert uploads.sweep()["uploads_finished"] == 1


def test_a_lost_message_is_sent_again(sender: Client, film: bytes) -> None:
    address = announce(sender, len(film))["Location"]
    send(sender, address, 0, film)
    Upload.objects.update(status="ingesting", touched=timezone.now() - timedelta(minutes=11))

    assert uploads.sweep()["uploads_rung"] == 1
    assert Upload.objects.get().status == "waiting"


def test_a_film_that_kills_its_worker_again_and_again_is_refused(
    sender: Client, film: bytes
) -> None:
    address = announce(sender, len(film))["Location"]
    send(sender, address, 0, film)
    long_ago = timezone.now() - timedelta(minutes=11)
    Upload.objects.update(status="ingesting", attempts=3, touched=long_ago)

    uploads.sweep()

    upload = Upload.objects.get()
    assert upload.status == "failed"
    assert "died 3 times" in upload.error


def test_the_last_byte_has_the_film_taken_in(
    sender: Client, film: bytes, django_capture_on_commit_callbacks: Any
) -> None:
    address = announce(sender, len(film))["Location"]
    with django_capture_on_commit_callbacks() as before_the_end:
        send(sender, address, 0, film[:-1])
    with django_capture_on_commit_callbacks() as at_the_end:
        send(sender, address, len(film) - 1, film[-1:])

    assert (len(before_the_end), len(at_the_end)) == (0, 1)


def test_a_second_message_for_the_same_film_does_nothing(sender: Client, film: bytes) -> None:
    address = announce(sender, len(film))["Location"]
    send(sender, address, 0, film)
    Upload.objects.update(status="ingesting")

    arrivals.take_in(str(Upload.objects.get().pk))

    assert not Scan.objects.exists()


def test_a_film_that_is_held_already_is_not_kept_twice(sender: Client, film: bytes) -> None:
    for _ in range(2):
        address = announce(sender, len(film))["Location"]
        send(sender, address, 0, film)
    first, second = Upload.objects.order_by("created")
    for upload in (first, second):
        arrivals.take_in(str(upload.pk))

    second.refresh_from_db()
    assert (second.status, second.existing) == ("done", True)
    assert places.master_path(first).exists()
    assert not places.master_path(second).exists()
    assert Scan.objects.count() == 1


def test_a_refused_film_can_be_tried_again_or_thrown_away(sender: Client) -> None:
    address = announce(sender, 5)["Location"]
    send(sender, address, 0, b"hello")
    upload = Upload.objects.get()
    arrivals.take_in(str(upload.pk))
    upload.refresh_from_db()
    assert upload.status == "failed"
    assert "not a video" in upload.error

    sender.post(f"/upload/{upload.pk}/retry/", {"rate": "18", "title": ""})
    upload.refresh_from_db()
    assert (upload.status, upload.rate, upload.title) == ("waiting", "18", "Harbour Day")

    arrivals.take_in(str(upload.pk))
    sender.post(f"/upload/{upload.pk}/discard/")
    assert not Upload.objects.exists()
    assert not places.master_path(upload).exists()


def test_discarding_a_finished_upload_leaves_the_master(sender: Client, film: bytes) -> None:
    address = announce(sender, len(film))["Location"]
    send(sender, address, 0, film)
    upload = Upload.objects.get()
    arrivals.take_in(str(upload.pk))

    sender.post(f"/upload/{upload.pk}/discard/")

    assert not Upload.objects.exists()
    assert Path(Scan.objects.get().path).read_bytes() == film


# What the protocol demands


def test_it_says_what_it_speaks(sender: Client) -> None:
    answer = sender.options(FILES)

    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,termination,expiration,checksum"
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert int(answer["Tus-Max-Size"]) > 0


def test_another_version_is_refused(sender: Client) -> None:
    answer = sender.post(FILES, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})

    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")


def test_how_far_it_is_may_not_be_cached(sender: Client) -> None:
    address = announce(sender, 100)["Location"]
    answer = sender.head(address, headers=TUS)

    assert answer["Upload-Length"] == "100"
    assert answer["Upload-Offset"] == "0"
    assert answer["Cache-Control"] == "no-store"
    assert "Upload-Expires" in answer


@pytest.mark.parametrize("offset", [0, 1, 11, 99])
def test_a_wrong_offset_is_a_conflict_and_writes_nothing(sender: Client, offset: int) -> None:
    address = announce(sender, 100)["Location"]
    send(sender, address, 0, b"0123456789")

    answer = send(sender, address, offset, b"x")

    assert answer.status_code == 409
    assert part_of(Upload.objects.get()) == b"0123456789"


def test_more_bytes_than_announced_are_refused(sender: Client) -> None:
    address = announce(sender, 5)["Location"]

    assert send(sender, address, 0, b"too many bytes").status_code == 413
    assert offset_of(sender, address) == 0


def test_another_content_type_is_refused(sender: Client) -> None:
    address = announce(sender, 5)["Location"]
    answer = sender.patch(
        address,
        data=b"hello",
        content_type="application/octet-stream",
        headers=TUS | {"Upload-Offset": "0"},
    )

    assert answer.status_code == 415


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_does_not_match_its_checksum_is_not_kept(
    sender: Client, algorithm: str
) -> None:
    address = announce(sender, 100)["Location"]
    digest = base64.b64encode(hashlib.new(algorithm, b"hello").digest()).decode()
    header = {"Upload-Checksum": f"{algorithm} {digest}"}

    assert send(sender, address, 0, b"hellO", **header).status_code == 460
    assert offset_of(sender, address) == 0
    assert send(sender, address, 0, b"hello", **header).status_code == 204
    assert offset_of(sender, address) == 5


def test_a_piece_with_a_checksum_that_breaks_off_is_not_kept(sender: Client) -> None:
    from django.http import UnreadablePostError

    announce(sender, 100)
    upload = Upload.objects.get()
    pieces = [b"half"]

    class BrokenLine:
        def read(self, _size: int) -> bytes:
            if pieces:
                return pieces.pop()
            raise UnreadablePostError("connection reset")

    uploads.append(upload, offset=0, source=BrokenLine(), checksum=Checksum("sha1", b""))

    assert part_of(upload) == b""


def test_an_unknown_checksum_is_refused(sender: Client) -> None:
    address = announce(sender, 100)["Location"]

    answer = send(sender, address, 0, b"hello", **{"Upload-Checksum": "md5 AAAA"})

    assert answer.status_code == 400


def test_two_requests_can_not_write_to_one_upload(sender: Client) -> None:
    address = announce(sender, 100)["Location"]
    with places.part_path(Upload.objects.get()).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        assert send(sender, address, 0, b"hello").status_code == 423
        assert sender.delete(address, headers=TUS).status_code == 423

    assert send(sender, address, 0, b"hello").status_code == 204


def test_an_upload_can_be_ended(sender: Client) -> None:
    address = announce(sender, 100)["Location"]
    part = places.part_path(Upload.objects.get())
    assert sender.delete(address, headers=TUS).status_code == 204

    assert not part.exists()
    assert sender.head(address, headers=TUS).status_code == 404
    assert send(sender, address, 0, b"hello").status_code == 404


def test_an_upload_that_nobody_goes_on_with_expires(sender: Client) -> None:
    announce(sender, 100)
    part = places.part_path(Upload.objects.get())
    Upload.objects.update(touched=timezone.now() - timedelta(days=8))

    assert uploads.sweep()["uploads_expired"] == 1
    assert not Upload.objects.exists()
    assert not part.exists()


def test_a_part_file_that_no_row_names_is_cleared(sender: Client, tmp_path: Path) -> None:
    announce(sender, 100)
    kept = places.part_path(Upload.objects.get())
    orphan = kept.with_name("0f8fad5b-d9cb-469f-a165-70867728950e.part")
    for path in (kept, orphan):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))

    uploads.sweep()

    assert (kept.exists(), orphan.exists()) == (True, False)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "-1"},
        {"Upload-Length": "0"},
        {"Upload-Length": "five"},
        {"Upload-Length": "1" * 30},
        {"Upload-Defer-Length": "1"},
        {"Upload-Length": "5", "Upload-Metadata": "filename ***"},
        {"Upload-Length": "5", "Upload-Metadata": encoded(filename="a.mkv")},
        {"Upload-Length": "5", "Upload-Metadata": encoded(filename="..", title="x")},
        {"Upload-Length": "5", "Upload-Metadata": encoded(filename="a", title="x", rate="fast")},
        {"Upload-Length": "5", "Upload-Metadata": encoded(filename="a\x00b", title="x")},
    ],
)
def test_nonsense_is_refused_and_nothing_kept(
    sender: Client, headers: dict[str, str], tmp_path: Path
) -> None:
    answer = sender.post(FILES, headers=TUS | headers)

    assert answer.status_code == 400
    assert not Upload.objects.exists()
    assert not list((tmp_path / "uploads").glob("*"))


# Limits


def test_a_file_over_the_limit_is_refused(sender: Client, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1000

    assert announce(sender, 1001).status_code == 413
    assert announce(sender, 1000).status_code == 201


def test_a_file_that_the_disk_cannot_hold_is_refused(sender: Client, settings: Any) -> None:
    settings.DISK_RESERVE_BYTES = 1 << 60

    answer = announce(sender, 1000)

    assert answer.status_code == 507
    assert "room" in answer.content.decode()


def test_uploads_under_way_count_against_the_disk(sender: Client, tmp_path: Path) -> None:
    import shutil

    (tmp_path / "uploads").mkdir()
    free = shutil.disk_usage(tmp_path).free - places.reserve_bytes()
    most = min(free, places.limit_bytes())
    asked = most * 2 // 3
    if asked * 2 <= free:
        pytest.skip("this disk is larger than two of the largest uploads")

    assert announce(sender, asked).status_code == 201
    assert announce(sender, asked).status_code == 507


def test_nobody_opens_uploads_without_end(sender: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(uploads, "OPEN_UPLOADS", 2)

    assert [announce(sender, 10).status_code for _ in range(3)] == [201, 201, 429]


# Names


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/film.mkv", "film.mkv"),
        ("Носферату.mkv", "Носферату.mkv"),
        ("two\nlines\x1b[31m.mkv", "twolines[31m.mkv"),
        ("...hidden", "hidden"),
        ("x" * 300 + ".mkv", "x" * 146 + ".mkv"),
        ("é" * 200 + ".mkv", "é" * 73 + ".mkv"),
        ("\u202efilm.mkv", "film.mkv"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert places.safe_name(name) == safe


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/..", "\x00"])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UploadError):
        places.safe_name(name)


def test_no_name_leads_out_of_the_folder_of_masters(
    sender: Client, film: bytes, tmp_path: Path
) -> None:
    address = announce(sender, len(film), filename="../../../tmp/evil.mkv")["Location"]
    send(sender, address, 0, film)

    path = Path(Upload.objects.get().path)
    assert path.is_relative_to(tmp_path / "masters")
    assert path.name == "evil.mkv"


# Who may


@pytest.mark.parametrize("role", ["restorer", "reviewer", "researcher", "operator", ""])
def test_only_archivists_may_send(client: Client, role: str) -> None:
    client.force_login(make_user(role))

    assert announce(client, 100).status_code == 403
    assert client.get("/upload/").status_code == 403
    assert not Upload.objects.exists()


def test_who_is_not_logged_in_is_told_so(client: Client) -> None:
    assert announce(client, 100).status_code == 401


def test_anothers_upload_is_unknown(sender: Client, film: bytes) -> None:
    address = announce(sender, len(film))["Location"]
    other = Client()
    other.force_login(make_user("archivist"))

    assert other.head(address, headers=TUS).status_code == 404
    assert send(other, address, 0, film).status_code == 404
    assert other.delete(address, headers=TUS).status_code == 404
    pk = Upload.objects.get().pk
    assert other.post(f"/upload/{pk}/discard/").status_code == 404
    assert other.post(f"/upload/{pk}/retry/").status_code == 404
    assert offset_of(sender, address) == 0


def test_a_request_from_another_site_is_refused(archivist: User) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(archivist)

    assert announce(careful, 100).status_code == 403


# The page


def test_the_page_shows_what_is_on_its_way(sender: Client, film: bytes) -> None:
    address = announce(sender, len(film))["Location"]
    send(sender, address, 0, film[:100])

    page = sender.get("/upload/").content.decode()

    assert "Take in a film" in page
    assert "Harbour Day" in page
    assert "arriving" in page
    assert 'hx-trigger="every 2s' in sender.get("/upload/list/").content.decode()


def test_the_page_says_why_a_film_was_refused(sender: Client) -> None:
    address = announce(sender, 5)["Location"]
    send(sender, address, 0, b"hello")
    arrivals.take_in(str(Upload.objects.get().pk))

    page = sender.get("/upload/").content.decode()

    assert "refused" in page
    assert "not a video" in page
