"""Files in a bucket: written whole, read right, passed on for a while, removed everywhere."""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory
from django.utils import timezone

from archive import bucket as buckets
from archive import stored
from archive.bucket import PIECE_BYTES, Bucket, StoreAway, StoreError, seal
from archive.models import StoredFile
from archive.ranges import ranged_file_response
from tests.bucket_server import damage, names

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "takes/a/0-12/repair/1-1"


@pytest.fixture
def film(in_bucket: Bucket) -> bytes:
    """Three pieces of a picture, and facts; kept."""
    folder = stored.root() / KEY
    folder.mkdir(parents=True)
    picture = b"".join(bytes([number % 251]) * 4096 for number in range(5 * PIECE_BYTES // 8192))
    (folder / "picture.mkv").write_bytes(picture)
    (folder / "facts.json").write_bytes(b"{}")
    stored.keep(KEY)
    return picture


def on_another_machine(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_HOME = tmp_path / "another machine"
    return settings.MEDIA_HOME


@pytest.mark.slow
def test_a_file_of_many_pieces_arrives_whole_and_its_row_knows_every_piece(
    film: bytes,
    in_bucket: Bucket,
) -> None:
    row = StoredFile.objects.get(key=f"{KEY}/picture.mkv")
    assert (row.is_kept, row.bytes) == (True, len(film))
    assert row.sha256 == hashlib.sha256(film).hexdigest()
    assert len(row.pieces) == 3
    head = in_bucket.client.head_object(
        Bucket=in_bucket.store.bucket_name, Key=f"archive/{row.name}", ChecksumMode="ENABLED"
    )
    assert head["ContentLength"] == len(film)
    assert in_bucket.digest(row.name, stored.quietly) == row.sha256


@pytest.mark.slow
def test_another_machine_gets_only_what_it_asks_for(
    film: bytes, settings: Any, tmp_path: Path
) -> None:
    here = on_another_machine(settings, tmp_path)
    assert (stored.bring(KEY, "facts.json") / "facts.json").read_bytes() == b"{}"
    assert not (here / KEY / "picture.mkv").exists()
    assert (stored.bring(KEY) / "picture.mkv").read_bytes() == film


def test_a_damaged_or_missing_object_is_said_and_leaves_nothing_here(
    film: bytes,
    in_bucket: Bucket,
    settings: Any,
    tmp_path: Path,
) -> None:
    row = StoredFile.objects.get(key=f"{KEY}/picture.mkv")
    damage(in_bucket, f"archive/{row.name}")
    here = on_another_machine(settings, tmp_path)
    with pytest.raises(StoreError, match="altered or damaged"):
        stored.bring(KEY)
    with pytest.raises(StoreError, match="altered or damaged"):
        stored.reader(row).readall()
    assert "altered" in stored.fault_of(row.key, row.sha256)
    in_bucket.remove(row.name)
    with pytest.raises(StoreError, match="missing from the store"):
        stored.bring(KEY)
    assert [path.name for path in here.rglob("*picture*")] == []


@pytest.mark.slow
def test_only_the_pieces_that_are_read_travel(
    film: bytes,
    in_bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    piece = Bucket.piece

    def counted(self: Bucket, name: str, sealed: buckets.Sealed, number: int) -> bytes:
        asked.append(number)
        return piece(self, name, sealed, number)

    monkeypatch.setattr(Bucket, "piece", counted)
    reader = stored.reader(StoredFile.objects.get(key=f"{KEY}/picture.mkv"))
    reader.seek(-10, 2)
    assert reader.read(100) == film[-10:]
    reader.seek(PIECE_BYTES - 5)
    assert reader.read(5) + reader.read(5) == film[PIECE_BYTES - 5 : PIECE_BYTES + 5]
    assert asked == [2, 0, 1]


def ask(path: Path, **more: Any) -> Any:
    request: HttpRequest = RequestFactory().get("/", headers=more.pop("headers", {}))
    return ranged_file_response(request, path, "video/mp4", **more)


@pytest.mark.slow
def test_a_page_is_given_pieces_that_it_has_no_copy_of(
    film: bytes, settings: Any, tmp_path: Path
) -> None:
    path = on_another_machine(settings, tmp_path) / KEY / "picture.mkv"
    answer = ask(path, headers={"Range": f"bytes={PIECE_BYTES - 2}-{PIECE_BYTES + 1}"})
    assert isinstance(answer, StreamingHttpResponse) and answer.status_code == 206
    assert answer.getvalue() == film[PIECE_BYTES - 2 : PIECE_BYTES + 2]
    assert not path.exists()


@pytest.mark.slow
def test_an_address_is_passed_on_only_where_it_may_be_and_says_for_how_long_it_opens(
    film: bytes, settings: Any
) -> None:
    settings.STORAGE_ADDRESS_SECONDS = 1
    path = stored.root() / KEY / "picture.mkv"
    with closing(ask(path, pass_on=True)) as answer:
        assert answer.getvalue() == film, "nobody set STORAGE_PRESIGNED"
    settings.STORAGE_PRESIGNED = True
    with closing(ask(path)) as answer:
        assert answer.getvalue() == film, "a guest's film stays with the guest's session"
    answer = ask(path, pass_on=True, download_as="reel 1.mkv")
    assert answer.status_code == 302 and answer.headers["Cache-Control"] == "no-store"
    assert "X-Amz-Signature=" in answer.url and "X-Amz-Expires=1&" in answer.url
    got = requests.get(answer.url, headers={"Range": "bytes=0-9"}, timeout=10)
    assert (got.status_code, got.content) == (206, film[:10])
    assert got.headers["Content-Disposition"] == 'attachment; filename="reel 1.mkv"'
    assert requests.get(answer.url.split("?")[0] + "x", timeout=10).status_code >= 400


@pytest.mark.slow
def test_what_is_broken_off_is_not_kept(
    in_bucket: Bucket,
    tmp_path: Path,
) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"x" * 3 * PIECE_BYTES)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stored.keep_file(path, "takes/b", told=stop)
    assert names(in_bucket) == [] and not StoredFile.objects.exists()


@pytest.mark.slow
def test_a_store_that_is_away_is_said_and_nothing_is_kept(
    film: bytes, settings: Any, tmp_path: Path
) -> None:
    storages = dict(settings.STORAGES)
    options = storages["bucket"]["OPTIONS"]
    away = options["client_config"].merge(
        type(options["client_config"])(retries={"total_max_attempts": 1})
    )
    storages["bucket"] = storages["bucket"] | {
        "OPTIONS": options | {"endpoint_url": "http://127.0.0.1:9", "client_config": away}
    }
    settings.STORAGES = storages
    path = tmp_path / "film.mkv"
    path.write_bytes(b"x")
    with pytest.raises(StoreAway, match="does not answer"):
        stored.keep_file(path, "takes/c")
    row = StoredFile.objects.get(key="takes/c")
    assert not row.is_kept and row.is_leaving, "the sweeper removes what may have arrived"
    assert stored.find("takes/c") is None
    assert "does not answer" in stored.trial()


@pytest.mark.slow
def test_a_file_that_changes_while_it_is_written_is_refused(
    in_bucket: Bucket,
    tmp_path: Path,
) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"before")
    known = seal(path)
    path.write_bytes(b"after!")
    with pytest.raises(StoreError, match="did not reach the store as it was read"):
        in_bucket.put(path, "takes/d", known, stored.quietly)
    assert names(in_bucket) == []


@pytest.mark.slow
def test_what_is_removed_leaves_the_bucket_and_every_machine(
    film: bytes,
    in_bucket: Bucket,
    settings: Any,
    tmp_path: Path,
) -> None:
    first = settings.MEDIA_HOME
    here = on_another_machine(settings, tmp_path)
    stored.bring(KEY)
    stored.forget(KEY)
    assert names(in_bucket) == [] and not StoredFile.objects.exists()
    assert not (here / "takes").exists()
    settings.MEDIA_HOME = first
    (first / ".stored" / ".tidied").unlink(missing_ok=True)
    assert stored.tidy() == 2
    assert not (first / "takes").exists()


@pytest.mark.slow
def test_the_sweeper_removes_what_nobody_finished(
    film: bytes,
    in_bucket: Bucket,
    tmp_path: Path,
) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"x")
    row = stored.begin("takes/e", seal(path))
    in_bucket.put(path, row.name, stored.sealed(row), stored.quietly)
    assert stored.sweep()["objects_removed"] == 0, "it may be on its way"
    StoredFile.objects.filter(pk=row.pk).update(created=timezone.now() - timedelta(days=2))
    assert stored.sweep() == {"objects_removed": 1, "objects_to_remove": 0}
    assert len(names(in_bucket)) == 2


@pytest.mark.slow
def test_the_cache_stays_within_its_bound_and_spares_what_is_in_use(
    film: bytes, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STORAGE_CACHE_BYTES = 10
    picture, facts = (stored.root() / KEY / name for name in ("picture.mkv", "facts.json"))
    assert stored.make_room() == 0 and picture.exists()
    monkeypatch.setattr(stored, "IN_USE_SECONDS", 0.0)
    time.sleep(0.01)
    stored.use(f"{KEY}/facts.json")
    assert stored.make_room() == len(film)
    assert not picture.exists() and facts.exists()
    monkeypatch.undo()
    assert (stored.bring(KEY) / "picture.mkv").read_bytes() == film, (
        "fetched, though over the bound"
    )


@pytest.mark.slow
def test_what_lay_here_before_there_was_a_bucket_is_written_to_it(
    in_bucket: Bucket,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = settings.MEDIA_HOME / KEY
    folder.mkdir(parents=True)
    for name in ("map.mkv", "manifest.json"):
        (folder / name).write_bytes(b"{}")
    (folder.parent / "2-1").mkdir()
    (folder.parent / "2-1" / "picture.mkv").write_bytes(b"half an attempt")
    assert stored.unwritten() == 2
    call_command("store_files")
    assert "2 files written" in capsys.readouterr().out
    assert stored.unwritten() == 0 and len(names(in_bucket)) == 2
