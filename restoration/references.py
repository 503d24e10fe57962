"""Stills in colour that people send for a frame: kept by digest, handed to the next run.

The web process never decodes them: it reads the width and height that a PNG or JPEG claims, the
picture is read by the run's own child.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from PIL import Image

from archive.fixity import sha256_file
from restoration.editing import lock, tell
from restoration.errors import DrawingError
from restoration.models import ColourReference, Scene
from restoration.storage import storage

LARGEST = 40 << 20
"""Bytes of a still."""
MOST_PIXELS = 40_000_000
"""Of a still: a file of a few MB can claim a thousand million, and memory for them is taken."""
MOST = 20
"""Stills of one scene."""
_TYPES = {b"\x89PNG\r\n\x1a\n": ("image/png", "png"), b"\xff\xd8\xff": ("image/jpeg", "jpg")}


@transaction.atomic
def keep(
    scene: Scene, frame: int, data: bytes, *, name: str, source: str, by: User
) -> ColourReference:
    """Keep a still for a frame of the scene.

    Args:
        data: a PNG or JPEG file.
        source: what it is and where it is from.

    Raises: DrawingError, and nothing is kept.
    """
    media_type, ending = _check(scene, frame, data, source)
    lock(scene.scan)
    if ColourReference.objects.standing().of_scene(scene).count() >= MOST:
        raise DrawingError(f"Nothing was kept: {MOST} stills of a scene are the most.")
    digest = hashlib.sha256(data).hexdigest()
    key = f"references/{digest[:2]}/{digest}.{ending}"
    write_whole(storage().place(key), data, digest)
    storage().keep(key)
    made = ColourReference.objects.create(
        scan=scene.scan, frame=frame, name=Path(name).name[:200] or f"still.{ending}",
        storage_key=key, sha256=digest, media_type=media_type, source=source.strip()[:300], by=by,
    )  # fmt: skip
    tell("coloured still", scene.scan, by, _about(made))
    return made


@transaction.atomic
def withdraw(still: ColourReference, *, by: User) -> ColourReference:
    """Take a still back; its file stays, for takes were made with it.

    Raises: DrawingError if that was done before.
    """
    lock(still.scan)
    still.refresh_from_db()
    if still.withdrawn is not None:
        raise DrawingError("This still was taken back before; nothing was changed.")
    still.withdrawn, still.withdrawn_by = timezone.now(), by
    still.save(update_fields=["withdrawn", "withdrawn_by"])
    tell("coloured still withdrawn", still.scan, by, _about(still))
    return still


def files_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Where the stills that a run's parameters name lie now, by SHA-256."""
    wanted = {entry["sha256"] for entry in params.get("references") or []}
    if not wanted:
        return {}
    kept = ColourReference.objects.filter(sha256__in=wanted)
    return {still.sha256: str(storage().folder(still.storage_key)) for still in kept}


def _check(scene: Scene, frame: int, data: bytes, source: str) -> tuple[str, str]:
    """Its media type and the ending of its name."""
    if scene.retired:
        raise DrawingError(
            "Nothing was kept: the cuts of this scene were changed meanwhile. "
            "Open the reel and send it for the new scene."
        )
    if not scene.start_frame <= frame < scene.end_frame:
        raise DrawingError(
            f"Nothing was kept: this scene has frames {scene.start_frame} to "
            f"{scene.end_frame - 1}, not {frame}."
        )
    if not source.strip():
        raise DrawingError("Nothing was kept: say what the still is and where it is from.")
    if len(data) > LARGEST:
        raise DrawingError(
            f"Nothing was kept: the file has {len(data) >> 20} MiB, and {LARGEST >> 20} are the "
            "most. Make the still smaller; 2000 pixels are plenty."
        )
    found = next((kind for magic, kind in _TYPES.items() if data.startswith(magic)), None)
    if found is None:
        raise DrawingError("Nothing was kept: the file is neither PNG nor JPEG. Save it as one.")
    _check_size(data)
    return found


def _check_size(data: bytes) -> None:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            pixels = picture.width * picture.height
    except Image.DecompressionBombError:
        pixels = MOST_PIXELS + 1
    except (OSError, ValueError, SyntaxError) as error:
        raise DrawingError(
            "Nothing was kept: the file cannot be read as a picture. Save it anew as PNG or JPEG."
        ) from error
    if pixels > MOST_PIXELS:
        raise DrawingError(
            f"Nothing was kept: the picture has more than {MOST_PIXELS // 1_000_000} million "
            "pixels. Make the still smaller; 2000 pixels across are plenty."
        )


def write_whole(path: Path, data: bytes, digest: str) -> None:
    """Whole or not at all; what is there already stays only if it is whole."""
    if path.is_file() and sha256_file(path) == digest:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{uuid4().hex}")
    try:
        partial.write_bytes(data)
        _flush(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _flush(path.parent)


def _flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _about(still: ColourReference) -> dict[str, Any]:
    return {
        "reference": still.pk,
        "frame": still.frame,
        "name": still.name,
        "sha256": still.sha256,
        "source": still.source,
    }
