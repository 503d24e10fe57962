"""Where an upload lies, under which name, and how much may come."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from django.conf import settings

from archive.errors import UploadError
from archive.models import Upload

NAME_BYTES = 150


def limit_bytes() -> int:
    """The largest file that is accepted."""
    return int(getattr(settings, "UPLOAD_LIMIT_BYTES", 200 << 30))


def reserve_bytes() -> int:
    """Disk space that uploads never take."""
    return int(getattr(settings, "DISK_RESERVE_BYTES", 1 << 30))


def piece_bytes() -> int:
    """How much a browser sends in one request."""
    return int(getattr(settings, "UPLOAD_PIECE_BYTES", 32 << 20))


def master_home() -> Path:
    return Path(getattr(settings, "MASTER_HOME", settings.HOME / "masters"))


def part_path(upload: Upload) -> Path:
    return Path(settings.UPLOAD_HOME) / f"{upload.pk}.part"


def master_path(upload: Upload) -> Path:
    """Where the whole file lies for good; nothing but the name in it comes from outside."""
    return master_home() / str(upload.pk) / upload.name


def safe_name(name: str) -> str:
    """The last part of a file's name, without anything that a path or a terminal would act on.

    Raises: UploadError if nothing is left of it.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip().strip(".").strip()
    stem, dot, suffix = shown.rpartition(".")
    suffix = f"{dot}{suffix}" if stem and len(suffix) <= 10 else ""
    stem = stem if suffix else shown
    room = NAME_BYTES - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    if not stem:
        raise UploadError("The file needs a name.", status=400)
    return stem + suffix


def received(upload: Upload) -> int:
    """Bytes that have arrived: the place at which the sender goes on."""
    if upload.status != Upload.Status.RECEIVING:
        return int(upload.length)
    try:
        with os.scandir(part_path(upload)) as entries:
            return sum(entry.stat().st_size for entry in entries)
    except NotADirectoryError:
        return part_path(upload).stat().st_size
    except FileNotFoundError:
        return int(upload.length) if master_path(upload).exists() else 0
