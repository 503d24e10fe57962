"""Put a backup into an empty installation: files, then the database, then every event checked."""

from __future__ import annotations

import fcntl
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from archive import backup, custody, ledger, stored, trash
from archive.fixity import scan_bytes, sha256_file
from archive.management.commands.backup import roots
from archive.models import Scan, StoredFile
from config import dumping, postgres

HOLDS_WORK = ("archive_event", "archive_reel", "auth_user")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].resolve()
        try:
            with only_one():
                kept = self.restore(folder)
        except (backup.BackupError, dumping.DumpError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error}; the database is still empty: run it again") from error
        self.report(kept)

    def restore(self, folder: Path) -> backup.Backup:
        kept = backup.read_backup(folder)
        require_empty()
        if sha256_file(folder / kept.dump) != kept.dump_sha256:
            raise backup.BackupError(f"{folder / kept.dump} was altered; use another backup")
        places = {name: path for name, path in roots(secrets=True).items() if name in kept.roots}
        backup.put_back(folder, kept, places, self.told)
        for alias in connections:
            connections[alias].close()
        dumping.load(connections["owner"].settings_dict, folder / kept.dump)
        # An older version may have written it.
        call_command("migrate", database="owner", verbosity=0)
        follow_masters(kept, places["masters"])
        return kept

    def report(self, kept: backup.Backup) -> None:
        """Say what was restored, and end with an error if anything is not as it was."""
        faults = ledger.check_events(custody.records(None), dict(kept.heads))
        if faults:
            raise CommandError("\n".join(faults))
        missing = [
            path
            for path in trash.with_files(Scan.objects.all()).values_list("path", flat=True)
            if not is_there(path)
        ]
        self.stdout.write(f"{len(kept.files)} files and the database of {kept.created} restored")
        self.stdout.write(f"every chain of events is whole ({len(kept.heads)} heads found again)")
        for words in in_bucket():
            self.stdout.write(words)
        for name in kept.left_out:
            self.stdout.write(f"the backup was made without {name}: bring it, or it is made anew")
        for path in missing:
            self.stdout.write(f"not there, and not part of the backup: the master {path}")
        self.stdout.write("next: manage.py check_fixity reads every master against its digest")

    def told(self, done: int, total: int) -> None:
        if done == total or done % 500 == 0:
            self.stderr.write(f"{done} of {total} files")


def in_bucket() -> Iterator[str]:
    """What became of the files that the backup left in the bucket."""
    rows = StoredFile.objects.kept()
    if not rows.exists():
        return
    if not stored.is_used():
        yield f"{rows.count()} files lie in a bucket: set STORAGE_URL as it was, then run doctor"
        return
    lost = [row.key for row in rows.iterator() if not stored.is_there(row)]
    yield f"{rows.count() - len(lost)} files are in the bucket as before"
    yield from (f"not in the bucket any more: {key}" for key in lost)


@contextmanager
def only_one() -> Iterator[None]:
    """Raises: BackupError if the programs of this home folder run."""
    handle = postgres.open_lock(settings.HOME / "run" / "up.lock")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        raise backup.BackupError(
            f"Reelproof runs in {settings.HOME}; stop it before something is restored there"
        ) from held
    else:
        yield
    finally:
        os.close(handle)


def follow_masters(kept: backup.Backup, masters: Path) -> None:
    """Where the folder of uploaded masters has another name now, say so of each scan and event."""
    before = Path(kept.roots["masters"])
    if before == masters:
        return
    with transaction.atomic():
        for scan in Scan.objects.select_related("reel"):
            if before not in Path(scan.path).parents:
                continue
            old, scan.path = scan.path, str(masters / Path(scan.path).relative_to(before))
            scan.save(update_fields=["path"])
            custody.record(
                kind="relocation",
                agent=custody.software(),
                subject=f"scan:{scan.pk}",
                reel=scan.reel,
                detail={"from": old, "to": scan.path, "reason": "restored from a backup"},
            )


def require_empty() -> None:
    """Raises: BackupError if anybody has worked in this database."""
    with connections["owner"].cursor() as cursor:
        for table in HOLDS_WORK:
            cursor.execute("SELECT to_regclass(%s)", [table])
            if cursor.fetchone()[0] is None:
                continue
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  # of our own list
            if count := cursor.fetchone()[0]:
                raise backup.BackupError(
                    f"this installation is not empty ({count} rows in {table}); restore into a "
                    "new REELPROOF_HOME or an empty database"
                )


def is_there(path: str) -> bool:
    try:
        return scan_bytes(Path(path)) > 0
    except OSError:
        return False
