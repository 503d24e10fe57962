"""A backup holds the database and every file, and an empty installation becomes the old one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from archive import backup, custody
from archive.models import Reel, Scan
from tests.config.conftest import ROOT
from tests.factories import make_scan

Roots = dict[str, Path]


def manage(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REELPROOF_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def reel(transactional_db: None) -> Reel:
    """A reel with an uploaded master, a master elsewhere, and a file of a take."""
    uploaded = settings.MASTER_HOME / "harbour.mkv"
    uploaded.parent.mkdir(parents=True, exist_ok=True)
    uploaded.write_bytes(b"a film" * 1000)
    scan = make_scan(path=str(uploaded), bytes=6000)
    elsewhere = settings.HOME.parent / "elsewhere.mkv"
    make_scan(reel=scan.reel, path=str(elsewhere))
    take = settings.MEDIA_HOME / "takes" / "1" / "map.mkv"
    take.parent.mkdir(parents=True, exist_ok=True)
    take.write_bytes(b"labels")
    custody.record(
        kind="accession", agent=custody.software(), subject=f"scan:{scan.pk}", reel=scan.reel
    )
    return scan.reel


def test_an_empty_installation_becomes_the_old_one(
    reel: Reel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("backup", tmp_path / "kept")
    assert f"not copied, since it lies outside: {settings.HOME.parent}" in capsys.readouterr().out
    home = tmp_path / "new home"
    tmp_path.chmod(0o755)
    done = manage(home, "restore_backup", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stderr
    assert "every chain of events is whole" in done.stdout
    assert (home / "media" / "takes" / "1" / "map.mkv").read_bytes() == b"labels"
    told = manage(home, "shell", "-c", SHOW).stdout
    seen = json.loads(told.strip().splitlines()[-1])
    assert seen["reels"] == [str(Reel.objects.get())]
    assert str(home / "masters" / "harbour.mkv") in seen["paths"]
    assert seen["events"] >= 1
    assert seen["may_change_events"] is False


SHOW = """
import json
from django.db import connection
from archive.models import Event, Reel, Scan
with connection.cursor() as cursor:
    cursor.execute("SELECT has_table_privilege(current_user, 'archive_event', 'UPDATE')")
    may = cursor.fetchone()[0]
print(json.dumps({
    "reels": [str(reel) for reel in Reel.objects.all()],
    "paths": list(Scan.objects.values_list("path", flat=True)),
    "events": Event.objects.count(),
    "may_change_events": may,
}))
"""


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_installation_with_work_in_it_is_left_alone(reel: Reel, tmp_path: Path) -> None:
    call_command("backup", tmp_path / "kept")
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore_backup", tmp_path / "kept")


def test_a_second_backup_copies_only_what_is_new(reel: Reel, tmp_path: Path) -> None:
    call_command("backup", tmp_path / "kept")
    copy = tmp_path / "kept" / "files" / "media" / "takes" / "1" / "map.mkv"
    first = copy.stat().st_ino
    (settings.MEDIA_HOME / "takes" / "2").mkdir()
    (settings.MEDIA_HOME / "takes" / "2" / "map.mkv").write_bytes(b"more")
    (settings.MASTER_HOME / "harbour.mkv").unlink()
    call_command("backup", tmp_path / "kept")
    assert copy.stat().st_ino == first
    paths = {f"{kept.root}/{kept.path}" for kept in backup.read_backup(tmp_path / "kept").files}
    assert {"media/takes/1/map.mkv", "media/takes/2/map.mkv"} <= paths
    assert not (tmp_path / "kept" / "files" / "masters" / "harbour.mkv").exists()
    assert len(list((tmp_path / "kept").glob("*.dump"))) == 1


def test_a_backup_that_breaks_off_leaves_the_one_before(
    reel: Reel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("backup", tmp_path / "kept")
    whole = backup.read_backup(tmp_path / "kept")

    def full(*_arguments: object, **_more: object) -> str:
        raise OSError("No space left on device")

    (settings.MEDIA_HOME / "more").write_bytes(b"more")
    monkeypatch.setattr(backup, "copy_whole", full)
    with pytest.raises(CommandError, match="No space left"):
        call_command("backup", tmp_path / "kept")
    assert backup.read_backup(tmp_path / "kept") == whole
    assert (tmp_path / "kept" / whole.dump).exists()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda kept: (kept / "backup.json").unlink(), "no whole backup"),
        (lambda kept: (kept / "backup.json").write_text("{"), "cannot be read"),
        (lambda kept: next(kept.glob("database-*.dump")).write_bytes(b"x"), "was altered"),
        (lambda kept: (kept / "files/media/takes/1/map.mkv").write_bytes(b"Labels"), "not what"),
        (lambda kept: (kept / "files/media/takes/1/map.mkv").unlink(), "missing from the backup"),
    ],
)
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_taken_from_it(
    reel: Reel,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    words: str,
    empty_installation: Roots,
) -> None:
    call_command("backup", tmp_path / "kept")
    spoil(tmp_path / "kept")
    with pytest.raises(CommandError, match=words):
        call_command("restore_backup", tmp_path / "kept")
    assert Scan.objects.count() == 2


@pytest.fixture
def empty_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Roots:
    """Where files go; that the database is not empty is overlooked, since the rest comes first."""
    from archive.management.commands import restore_backup

    places = {name: tmp_path / "home" / name for name in ("media", "masters", "deliverables")}
    monkeypatch.setattr(restore_backup, "roots", lambda secrets: places)
    monkeypatch.setattr(restore_backup, "require_empty", lambda: None)
    return places


def test_a_backup_names_no_place_outside_its_folders(tmp_path: Path) -> None:
    kept = backup.Kept("media", "../../etc/passwd", 1, "0" * 64, 0)
    told = backup.Backup("now", "1", "d", "", {"media": "/x"}, (kept,), {}, {})
    with pytest.raises(backup.BackupError, match="no place that a backup may write to"):
        backup.put_back(tmp_path, told, {"media": tmp_path / "media"}, lambda done, total: None)


def test_a_backup_does_not_lie_inside_what_it_holds(reel: Reel) -> None:
    with pytest.raises(CommandError, match="overlaps media"):
        call_command("backup", settings.MEDIA_HOME / "kept")


def test_a_folder_with_other_things_is_left_alone(reel: Reel, tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear archive")
    with pytest.raises(CommandError, match="holds other things"):
        call_command("backup", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
