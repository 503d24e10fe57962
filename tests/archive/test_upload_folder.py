"""A folder of numbered frames arrives file by file, as one film, and goes on where it stopped."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from archive import arrivals, folder_upload
from archive import upload as uploads
from archive import upload_places as places
from archive.models import Scan, Upload, UploadedFrame
from fixtures.clips import write_sequence
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_home")]

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def frames(tmp_path: Path) -> list[Path]:
    folder = write_sequence(tmp_path / "Harbour Day", frames=6, width=64, height=48)
    return sorted(folder.iterdir())


@pytest.fixture
def sender(client: Client, archivist: User) -> Client:
    client.force_login(archivist)
    return client


def listed(files: list[Path]) -> list[list[Any]]:
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns // 10**6] for file in files]


def announce(sender: Client, files: list[Any], **told: str) -> Any:
    if files and isinstance(files[0], Path):
        files = listed(files)
    document = {"name": "Harbour Day", "title": "Harbour Day", "rate": "18", "files": files} | told
    return sender.post(
        "/upload/folders/", json.dumps(document), content_type="application/json", headers=TUS
    )


def refusal(answer: Any) -> str:
    assert answer.status_code == 400
    assert not Upload.objects.exists()
    text: str = answer.content.decode()
    return text


def send(sender: Client, address: str, offset: int, piece: bytes) -> Any:
    return sender.patch(
        address,
        data=piece,
        content_type="application/offset+octet-stream",
        headers=TUS | {"Upload-Offset": str(offset)},
    )


def send_all(sender: Client, announced: Any, files: list[Path]) -> str:
    answer = announced.json()
    for place, (number, held) in enumerate(answer["frames"]):
        piece = files[number].read_bytes()[held:]
        if piece:
            assert send(sender, f"{answer['address']}{place}", held, piece).status_code == 204
    address: str = answer["address"]
    return address


def finish(sender: Client, address: str) -> Any:
    return sender.post(address, headers=TUS)


# The way of a folder


def test_a_folder_is_taken_into_custody_as_one_film(
    sender: Client, archivist: User, frames: list[Path]
) -> None:
    announced = announce(sender, frames, collection="Newsreels")
    assert announced.status_code == 201
    address = send_all(sender, announced, frames)
    assert Upload.objects.get().status == "receiving"
    assert finish(sender, address).status_code == 204
    upload = Upload.objects.get()
    assert (upload.status, upload.files) == ("waiting", 6)
    assert not UploadedFrame.objects.exists()
    assert not places.part_path(upload).exists()

    arrivals.take_in(str(upload.pk))

    upload.refresh_from_db()
    assert upload.status == "done", upload.error
    scan = Scan.objects.get()
    master = places.master_path(upload)
    assert (scan.kind, scan.frames, scan.rate, scan.path) == ("sequence", 6, 18, str(master))
    assert {path.name: path.read_bytes() for path in master.iterdir()} == {
        path.name: path.read_bytes() for path in frames
    }
    assert all(path.stat().st_mode & 0o222 == 0 for path in [master, *master.iterdir()])
    assert scan.reel.title.collection.name == "Newsreels"
    assert scan.reel.events.get(kind="ingestion").agent.user == archivist


def test_it_goes_on_at_the_byte_where_it_stopped(sender: Client, frames: list[Path]) -> None:
    first = announce(sender, frames).json()
    send(sender, f"{first['address']}0", 0, frames[0].read_bytes())
    send(sender, f"{first['address']}1", 0, frames[1].read_bytes()[:10])

    again = announce(sender, frames)

    assert again.json()["address"] == first["address"]
    assert [held for _, held in again.json()["frames"]] == [
        frames[0].stat().st_size, 10, 0, 0, 0, 0,
    ]  # fmt: skip
    head = sender.head(f"{first['address']}1", headers=TUS)
    assert head["Upload-Offset"] == "10"
    assert head["Upload-Length"] == str(frames[1].stat().st_size)
    assert finish(sender, send_all(sender, again, frames)).status_code == 204
    master = places.master_path(Upload.objects.get())
    assert [path.read_bytes() for path in sorted(master.iterdir())] == [
        path.read_bytes() for path in frames
    ]


def test_another_folder_with_the_same_names_and_sizes_is_not_mixed_in(
    sender: Client, frames: list[Path]
) -> None:
    first = announce(sender, frames).json()
    later = [[name, size, modified + 1000] for name, size, modified in listed(frames)]
    assert announce(sender, later).json()["address"] != first["address"]
    assert Upload.objects.count() == 2


def test_files_that_are_no_frames_are_not_asked_for(sender: Client, frames: list[Path]) -> None:
    others = [["Thumbs.db", 10, 0], [".DS_Store", 10, 0], ["notes.txt", 10, 0]]
    answer = announce(sender, [*others, *listed(frames)]).json()
    assert [number for number, _ in answer["frames"]] == [3, 4, 5, 6, 7, 8]
    assert Upload.objects.get().length == sum(path.stat().st_size for path in frames)


def test_frames_are_ordered_by_number_not_by_name(sender: Client) -> None:
    names = [[f"f{number}.png", 10, 0] for number in (10, 9, 8, 11)]
    answer = announce(sender, names).json()
    assert [number for number, _ in answer["frames"]] == [2, 1, 0, 3]


def test_a_folder_that_is_not_whole_is_not_taken_in(sender: Client, frames: list[Path]) -> None:
    address = announce(sender, frames).json()["address"]
    send(sender, f"{address}0", 0, frames[0].read_bytes())
    answer = finish(sender, address)
    assert answer.status_code == 409
    assert f"{frames[1].name}, " in answer.content.decode()
    assert "and 2 more have not arrived whole" in answer.content.decode()
    assert Upload.objects.get().status == "receiving"


def test_finishing_twice_is_fine(sender: Client, frames: list[Path]) -> None:
    address = send_all(sender, announce(sender, frames), frames)
    assert [finish(sender, address).status_code for _ in range(2)] == [204, 204]


def test_a_folder_that_is_whole_and_was_never_finished_is_mended_by_the_sweeper(
    sender: Client, frames: list[Path]
) -> None:
    send_all(sender, announce(sender, frames), frames)
    Upload.objects.update(touched=timezone.now() - timedelta(minutes=5))
    assert uploads.sweep()["uploads_finished"] == 1
    assert Upload.objects.get().status == "waiting"


def test_a_folder_that_nobody_goes_on_with_is_removed(sender: Client, frames: list[Path]) -> None:
    address = announce(sender, frames).json()["address"]
    send(sender, f"{address}0", 0, b"some")
    part = places.part_path(Upload.objects.get())
    Upload.objects.update(touched=timezone.now() - timedelta(days=8))
    assert uploads.sweep()["uploads_expired"] == 1
    assert not part.exists() and not UploadedFrame.objects.exists()


def test_it_can_be_stopped_and_nothing_of_it_is_kept(sender: Client, frames: list[Path]) -> None:
    address = announce(sender, frames).json()["address"]
    send(sender, f"{address}0", 0, b"some")
    part = places.part_path(Upload.objects.get())
    assert sender.delete(address, headers=TUS).status_code == 204
    assert not part.exists() and not Upload.objects.exists()
    assert send(sender, f"{address}0", 4, b"more").status_code == 404


def test_a_folder_that_is_held_already_is_not_kept_twice(
    sender: Client, frames: list[Path]
) -> None:
    for _ in range(2):
        finish(sender, send_all(sender, announce(sender, frames), frames))
        arrivals.take_in(str(Upload.objects.latest("created").pk))
    first, second = Upload.objects.order_by("created")
    assert (second.status, second.existing) == ("done", True)
    assert places.master_path(first).exists()
    assert not places.master_path(second).exists()


def test_frames_of_mixed_size_are_refused_in_the_words_of_ingest(
    sender: Client, frames: list[Path], tmp_path: Path
) -> None:
    other = write_sequence(tmp_path / "other", frames=3, width=32, height=48)
    frames[2].write_bytes(sorted(other.iterdir())[2].read_bytes())
    finish(sender, send_all(sender, announce(sender, frames), frames))
    upload = Upload.objects.get()
    arrivals.take_in(str(upload.pk))
    upload.refresh_from_db()
    assert upload.status == "failed"
    assert f"most frames are 64x48 gray, but {frames[2].name} (32x48 gray)" in upload.error
    assert not Scan.objects.exists()
    sender.post(f"/upload/{upload.pk}/discard/")
    assert not places.master_path(upload).exists()


# What is refused before the first byte


def test_a_missing_number_is_refused_in_the_words_of_ingest(
    sender: Client, frames: list[Path]
) -> None:
    words = refusal(announce(sender, frames[:2] + frames[3:]))
    assert "is missing (1 missing between" in words
    assert "put each unbroken run into a folder of its own" in words


def test_two_sequences_in_a_folder_are_refused(sender: Client) -> None:
    words = refusal(announce(sender, [["a1.png", 5, 0], ["b1.png", 5, 0]]))
    assert "several sequences: a#.png (1), b#.png (1)" in words


def test_a_number_that_comes_twice_is_refused(sender: Client) -> None:
    assert "comes twice" in refusal(announce(sender, [["a1.png", 5, 0], ["a01.png", 5, 0]]))


def test_a_folder_without_frames_is_refused(sender: Client) -> None:
    assert "holds no numbered frames" in refusal(announce(sender, [["notes.txt", 5, 0]]))


def test_an_empty_frame_is_refused(sender: Client) -> None:
    words = refusal(announce(sender, [["a1.png", 5, 0], ["a2.png", 0, 0]]))
    assert "a2.png is empty (0 bytes)" in words


def test_the_rate_must_be_given_unless_the_files_may_say_it(sender: Client) -> None:
    files = [["a1.png", 5, 0]]
    assert "numbered frames carry no rate" in refusal(announce(sender, files, rate=""))
    assert "fast" in refusal(announce(sender, files, rate="fast"))
    assert announce(sender, [["a1.dpx", 5, 0]], rate="").status_code == 201


@pytest.mark.parametrize(
    "files",
    [[["a1.png", 5]], [["a1.png", "5", 0]], [[1, 5, 0]], ["a1.png"], [["a\x001.png", 5, 0]], "a"],
)
def test_nonsense_is_refused(sender: Client, files: Any) -> None:
    refusal(announce(sender, files))


def test_what_is_no_json_is_refused(sender: Client) -> None:
    answer = sender.post("/upload/folders/", "{", content_type="application/json", headers=TUS)
    refusal(answer)


def test_a_folder_over_the_limit_is_refused(sender: Client, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 9
    assert announce(sender, [["a1.png", 5, 0], ["a2.png", 5, 0]]).status_code == 413


def test_too_many_files_are_refused(sender: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_upload, "MOST_FILES", 1)
    assert announce(sender, [["a1.png", 5, 0], ["a2.png", 5, 0]]).status_code == 413


def test_a_folder_that_the_disk_cannot_hold_is_refused(sender: Client, settings: Any) -> None:
    settings.DISK_RESERVE_BYTES = 1 << 60
    assert announce(sender, [["a1.png", 5, 0]]).status_code == 507


def test_no_name_leads_out_of_the_folder(sender: Client, tmp_path: Path) -> None:
    answer = announce(sender, [["in/../../evil1.png", 5, 0]], name="../../etc")
    address = answer.json()["address"]
    send(sender, f"{address}0", 0, b"12345")
    finish(sender, address)
    upload = Upload.objects.get()
    assert upload.path == str(tmp_path / "masters" / str(upload.pk) / "etc")
    assert [path.name for path in Path(upload.path).iterdir()] == ["evil1.png"]


# One file


def test_more_bytes_than_announced_are_refused(sender: Client) -> None:
    address = announce(sender, [["a1.png", 5, 0]]).json()["address"]
    assert send(sender, f"{address}0", 0, b"too many").status_code == 413
    assert send(sender, f"{address}0", 3, b"xy").status_code == 409
    assert send(sender, f"{address}1", 0, b"xy").status_code == 404
    assert send(sender, f"{address}0", 0, b"12345").status_code == 204


def test_the_address_of_a_folder_is_none_of_a_file(sender: Client) -> None:
    announce(sender, [["a1.png", 5, 0]])
    address = f"/upload/files/{Upload.objects.get().pk}"
    assert sender.head(address, headers=TUS).status_code == 404
    assert send(sender, address, 0, b"12345").status_code == 404


def test_anothers_folder_is_unknown(sender: Client, frames: list[Path]) -> None:
    address = announce(sender, frames).json()["address"]
    other = Client()
    other.force_login(make_user("archivist"))
    assert other.head(f"{address}0", headers=TUS).status_code == 404
    assert send(other, f"{address}0", 0, b"x").status_code == 404
    assert other.post(address, headers=TUS).status_code == 404
    assert other.delete(address, headers=TUS).status_code == 404
    assert announce(other, frames).json()["address"] != address


def test_a_request_from_another_site_is_refused(archivist: User) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(archivist)
    assert announce(careful, [["a1.png", 5, 0]]).status_code == 403
