"""Rows for tests, each with only what it must have; give a test what it is about by keyword.

No files stand behind these scans and takes: tests that need pictures take a real film in with
`accession.ingest`.
"""

from __future__ import annotations

import hashlib
import itertools
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import Group, User

from archive import roles
from archive.models import Collection, CollectionRole, Element, Reel, Scan, Title
from restoration.models import Scene, StageRun, Take
from restoration.models.take import version_of

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def unique_digest() -> str:
    """64 hex digits that no other call gives."""
    return hashlib.sha256(str(next(_numbers)).encode()).hexdigest()


def make_user(role: str = "", *, name: str = "", **fields: Any) -> User:
    """A user; in the role's group if one is named."""
    user = User.objects.create_user(
        username=name or f"{role or 'outsider'}{next(_numbers)}", password=PASSWORD, **fields
    )
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def give_role(user: User, role: str, collection: Collection) -> User:
    """The same person, who has this role in the collection."""
    CollectionRole.objects.create(user=user, role=role, collection=collection)
    roles.forget(user)
    return user


def make_title(name: str = "Harbour Day", *, collection: str = "", **fields: Any) -> Title:
    kept_in = Collection.objects.get_or_create(name=collection)[0] if collection else None
    return Title.objects.create(name=name, collection=kept_in, **fields)


def make_element(*, title: Title | None = None, **fields: Any) -> Element:
    return Element.objects.create(title=title or make_title(), **fields)


def make_reel(*, element: Element | None = None, **fields: Any) -> Reel:
    return Reel.objects.create(element=element or make_element(), **fields)


def make_scan(
    *,
    reel: Reel | None = None,
    frames: int = 48,
    rate: Fraction | int = 16,
    width: int = 64,
    height: int = 48,
    pixel_format: str = "gray",
    **fields: Any,
) -> Scan:
    exact = Fraction(rate)
    values: dict[str, Any] = {
        "kind": Scan.Kind.FILE,
        "path": f"/nowhere/film{next(_numbers)}.mkv",
        "sha256": unique_digest(),
        "framemd5": unique_digest(),
        "bytes": 1000,
        "bit_depth": 8,
    }
    return Scan.objects.create(
        reel=reel or make_reel(),
        frames=frames,
        rate_numerator=exact.numerator,
        rate_denominator=exact.denominator,
        width=width,
        height=height,
        pixel_format=pixel_format,
        **values | fields,
    )


def make_scene(
    *, scan: Scan | None = None, frames: tuple[int, int] = (0, 24), **fields: Any
) -> Scene:
    """frames: the scene's half-open range."""
    return Scene.objects.create(
        scan=scan or make_scan(), start_frame=frames[0], end_frame=frames[1], **fields
    )


def make_scenes(scan: Scan, *, length: int = 24) -> list[Scene]:
    """Scenes of equal length from the scan's first frame to its last."""
    starts = range(0, scan.frames, length)
    return [
        make_scene(scan=scan, frames=(start, min(start + length, scan.frames))) for start in starts
    ]


def make_totals(pixels: int, *, label: str = "ORIGINAL") -> dict[str, Any]:
    """Totals in which every pixel of both planes has the same label."""
    return {"structure": {label: pixels}, "colour": {label: pixels}, "pixels": pixels}


def make_take(
    *,
    scene: Scene,
    stage: str = "deflicker",
    number: int | None = None,
    input_take: Take | None = None,
    label: str = "ADJUSTED",
    **fields: Any,
) -> Take:
    """A take of the scene's frames; its number follows those that are there."""
    siblings = Take.objects.filter(
        scan=scene.scan, start_frame=scene.start_frame, end_frame=scene.end_frame, stage=stage
    )
    key = unique_digest()
    pixels = scene.frames * scene.scan.width * scene.scan.height
    values: dict[str, Any] = {
        "key": key,
        "storage_key": f"takes/{key[:12]}",
        "manifest": {"stage": stage, "key": key},
        "digest": unique_digest(),
        "totals": make_totals(pixels, label=label),
        "version": version_of(stage, input_take),
    }
    return Take.objects.create(
        scan=scene.scan,
        start_frame=scene.start_frame,
        end_frame=scene.end_frame,
        stage=stage,
        number=number or siblings.count() + 1,
        input_take=input_take,
        **values | fields,
    )


def make_run(*, scene: Scene, stage: str = "deflicker", **fields: Any) -> StageRun:
    return StageRun.objects.create(
        scan=scene.scan,
        scene=scene,
        stage=stage,
        start_frame=scene.start_frame,
        end_frame=scene.end_frame,
        **{"key": unique_digest(), "queue": "cpu"} | fields,
    )
