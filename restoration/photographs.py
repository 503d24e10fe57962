"""Photographs of a film's characters: kept by digest, and handed to the next run of `attribute`.

What is sent is decoded and written anew, so that nothing but its pixels is kept: no place, no
camera, no name. A photograph is no biometric data; what a run makes of it to tell faces apart is,
and lies with the run's own (`restoration.biometrics`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from PIL import Image, ImageOps

from archive import stored
from archive.models import Scan, Title
from restoration.cast import SWITCHED_OFF
from restoration.editing import lock, tell
from restoration.errors import CastRefused
from restoration.models import Character, Photograph
from restoration.namings import find_character
from restoration.references import write_whole
from restoration.storage import storage

LARGEST = 20 << 20
"""Bytes of a file that is sent."""
MOST_PIXELS = 40_000_000
"""That it may claim to have; memory is taken for all of them."""
KEPT_SIDE = 1600
"""Pixels of the longer side of what is kept; faces are looked for in fewer."""
MOST = 12
"""Photographs of one character."""
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")


@transaction.atomic
def add_character(scan: Scan, name: str, *, by: User, actor: str = "") -> Character:
    """A character of the film whom no face has yet.

    Raises: CastRefused
    """
    lock(scan)
    made = find_character(scan.reel.element.title, name, actor, by)
    tell("character added", scan, by, {"character": made.name, "actor": made.actor})
    return made


@transaction.atomic
def keep(scan: Scan, character: Character, data: bytes, *, source: str, by: User) -> Photograph:
    """Keep a photograph of a character.

    Args:
        data: a PNG, JPEG, WebP or TIFF file.
        source: what it is and where it is from.

    Raises: CastRefused, and nothing is kept.
    """
    if not settings.BIOMETRICS:
        raise CastRefused(f"Nothing was kept. {SWITCHED_OFF}")
    if not source.strip():
        raise CastRefused("Nothing was kept: say what the photograph is and where it is from.")
    if len(data) > LARGEST:
        raise CastRefused(f"Nothing was kept: {LARGEST >> 20} MiB are the most for a photograph.")
    picture = _decoded(data)
    lock(scan)
    if character.photographs.count() >= MOST:
        raise CastRefused(f"Nothing was kept: {MOST} photographs of a character are the most.")
    plain = _written(picture)
    digest = hashlib.sha256(plain).hexdigest()
    if character.photographs.filter(sha256=digest).exists():
        raise CastRefused("Nothing was kept: this photograph is there already.")
    key = f"photographs/{digest[:2]}/{digest}.jpg"
    write_whole(storage().place(key), plain, digest)
    storage().keep(key)
    made = Photograph.objects.create(
        character=character,
        storage_key=key,
        sha256=digest,
        width=picture.width,
        height=picture.height,
        source=source.strip()[:300],
        by=by,
    )
    tell("photograph kept", scan, by, _about(made))
    return made


@transaction.atomic
def remove(photograph: Photograph, scan: Scan, *, by: User) -> None:
    """Remove a photograph and, unless another character has the same, its file."""
    lock(scan)
    about, key = _about(photograph), photograph.storage_key
    photograph.delete()
    tell("photograph removed", scan, by, about)
    if not Photograph.objects.filter(storage_key=key).exists():
        path = storage().place(key)
        stored.forget(key)
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def params_of(title: Title) -> list[dict[str, Any]]:
    """A run's parameter `photographs`: every photograph, with the number of its character."""
    kept = Photograph.objects.filter(character__title=title).order_by("character", "sha256")
    return [{"character": each.character_id, "sha256": each.sha256} for each in kept]


def files_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Where the photographs that a run's parameters name lie now, by SHA-256."""
    wanted = {entry["sha256"] for entry in params.get("photographs") or []}
    if not wanted:
        return {}
    kept = Photograph.objects.filter(sha256__in=wanted)
    return {each.sha256: str(storage().folder(each.storage_key)) for each in kept}


def _decoded(data: bytes) -> Image.Image:
    """The pixels, upright and no larger than is kept."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as sent:
            if sent.width * sent.height > MOST_PIXELS:
                raise CastRefused(
                    f"Nothing was kept: the picture has more than {MOST_PIXELS // 1_000_000} "
                    "million pixels. Make it smaller; 1600 pixels across are plenty."
                )
            sent.load()
            upright = ImageOps.exif_transpose(sent).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CastRefused(
            "Nothing was kept: the file cannot be read as a picture. Save it anew as PNG or JPEG."
        ) from error
    upright.thumbnail((KEPT_SIDE, KEPT_SIDE))
    return upright


def _written(picture: Image.Image) -> bytes:
    """A JPEG of the pixels alone."""
    plain = Image.new("RGB", picture.size)
    plain.paste(picture)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=95)
    return out.getvalue()


def _about(photograph: Photograph) -> dict[str, Any]:
    return {
        "character": photograph.character.name,
        "sha256": photograph.sha256,
        "source": photograph.source,
    }
