"""Write to the bucket what is here alone: of an installation that had none, or after a fault."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive import stored
from archive.bucket import StoreError


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        if not stored.is_used():
            raise CommandError("There is no bucket: set STORAGE_URL (docs/scale-out.md)")
        written = 0
        try:
            for key in list(stored.here_alone()):
                stored.keep(key)
                written += 1
        except (StoreError, OSError) as error:
            raise CommandError(f"{written} files were written; then: {error}") from error
        self.stdout.write(f"{written} files written; the bucket has all that is finished here")
