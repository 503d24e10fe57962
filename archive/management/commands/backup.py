"""Write the database and all files to a folder, with digests; into the same folder, what is new."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

import archive
from archive import backup, custody, trash
from archive.fixity import sha256_file
from archive.models import Scan, StoredFile
from config import dumping

SECRETS = ("the secret key, which keeps people logged in", "the keys that sign what leaves")


def roots(*, secrets: bool) -> dict[str, Path]:
    """The folders of this installation that a backup holds, by name."""
    found = {
        "media": Path(settings.MEDIA_HOME),
        "masters": Path(settings.MASTER_HOME),
        "deliverables": Path(settings.DELIVERY_HOME),
    }
    if secrets:
        found["credentials"] = Path(settings.CREDENTIALS_HOME)
    return found


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--secrets",
            action="store_true",
            help="also the keys that sign what leaves; keep such a backup as you keep keys",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].resolve()
        try:
            before = self.open(folder)
            made = self.make(folder, before, secrets=options["secrets"])
            backup.write_backup(folder, made)
            backup.clear(folder, made)
        except (backup.BackupError, dumping.DumpError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"{error}; the backup is not whole, what was copied so far is kept: run it again"
            ) from error
        size = sum(kept.bytes for kept in made.files)
        self.stdout.write(f"{len(made.files)} files ({size:,} bytes) and the database in {folder}")
        for path in made.elsewhere:
            self.stdout.write(f"not copied, since it lies outside: {path}")
        if count := StoredFile.objects.kept().count():
            self.stdout.write(
                f"not copied: {count} files in the bucket, whose digests the database holds; "
                "have the bucket keep versions, or copy it by its own means"
            )
        for name in made.left_out:
            self.stdout.write(f"left out: {name}")

    def open(self, folder: Path) -> backup.Backup | None:
        """The backup that the folder holds; it stays one until the new one is whole."""
        for name, root in roots(secrets=True).items():
            if folder == root or root in folder.parents or folder in root.parents:
                raise backup.BackupError(f"{folder} overlaps {name} ({root}); choose another place")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        manifest = folder / backup.MANIFEST
        if not manifest.exists():
            if any(folder.iterdir()) and not any(folder.glob(backup.DUMPS)):
                raise backup.BackupError(f"{folder} holds other things; choose an empty folder")
            return None
        return backup.read_backup(folder)

    def make(self, folder: Path, before: backup.Backup | None, *, secrets: bool) -> backup.Backup:
        heads = custody.all_heads()
        fresh = folder / "database-new.dump"
        dumping.dump(connections["owner"].settings_dict, fresh)
        sha256 = sha256_file(fresh)
        dump = fresh.replace(folder / f"database-{sha256[:16]}.dump")
        kept = roots(secrets=secrets)
        elsewhere = {
            path: {"sha256": digest, "bytes": size}
            for path, digest, size in trash.with_files(Scan.objects.all()).values_list(
                "path", "sha256", "bytes"
            )
            if not any(root in Path(path).parents for root in kept.values())
        }
        files = backup.copy_files(folder, kept, before, self.told)
        return backup.Backup(
            created=timezone.now().isoformat(),
            software=archive.__version__,
            dump=dump.name,
            dump_sha256=sha256,
            roots={name: str(path) for name, path in kept.items()},
            files=files,
            heads=heads,
            elsewhere=elsewhere,
            left_out=SECRETS[:1] if secrets else SECRETS,
        )

    def told(self, done: int, total: int) -> None:
        if done == total or done % 500 == 0:
            self.stderr.write(f"{done} of {total} files")
