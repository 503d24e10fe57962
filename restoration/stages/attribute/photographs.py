"""Photographs of the cast: one folder for each character, named after the character."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from restoration.stages.attribute.faces import cut_out
from restoration.stages.attribute.looking import detect
from restoration.stages.attribute.measuring import LOOKED_AT, open_networks
from restoration.stages.attribute.mesh import Pixels
from restoration.stages.attribute.record import pack
from restoration.stages.contract import StageError

Floats = npt.NDArray[np.float32]
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")


def read_gallery(folder: Path) -> dict[str, Floats]:
    """(n, 128) float32 for each character of the folder.

    Raises: StageError for a folder without characters, and for a photograph without a face or with
        several, by its name.
    """
    if not folder.is_dir():
        raise StageError(f"{folder} is no folder; name the one that holds a folder per character")
    found = {own.name: read_character(own) for own in sorted(folder.iterdir()) if own.is_dir()}
    if not found:
        raise StageError(f"{folder} holds no folders; make one for each character, with pictures")
    return found


def read_character(folder: Path) -> Floats:
    """(n, 128) float32 of the photographs in one folder."""
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES]
    if not paths:
        raise StageError(f"{folder} holds no photograph ({', '.join(PICTURES)})")
    return np.concatenate([face_of(read_picture(path), path.name) for path in paths])


def embed_photographs(
    photographs: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Packed embeddings by character's number, and what could not be used, with the reason.

    Args:
        photographs: `character`, `sha256` and `path` of each; one without a path is gone.
    """
    found: dict[str, list[Floats]] = {}
    unused = []
    for entry in photographs:
        try:
            if "path" not in entry:
                raise StageError("the photograph is not in the store any more")
            face = face_of(read_picture(Path(entry["path"])), "the photograph")
        except StageError as error:
            unused.append({"sha256": str(entry["sha256"]), "why": str(error)})
            continue
        found.setdefault(str(entry["character"]), []).append(face)
    return {name: pack(np.concatenate(faces), "<f4") for name, faces in found.items()}, unused


def read_picture(path: Path) -> Pixels:
    """(H, W, 3) uint8 RGB, upright.

    Raises: StageError
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((4 * LOOKED_AT, 2 * LOOKED_AT))
            return np.array(upright, np.uint8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise StageError(f"{path.name} cannot be read as a photograph: {error}") from error


def face_of(picture: Pixels, name: str) -> Floats:
    """(1, 128) float32 of the one face in a photograph.

    Raises: StageError if there is none, or more than one.
    """
    networks = open_networks(biometrics=True)
    if networks.faces is None:
        raise StageError("telling faces apart is switched off")
    chips = list(_chips(picture))
    if len(chips) != 1:
        told = "no face" if not chips else f"{len(chips)} faces"
        raise StageError(f"{name} shows {told}; take a photograph of one person, from the front")
    return networks.faces.embed(chips)


def _chips(picture: Pixels) -> Iterator[Pixels]:
    networks = open_networks(biometrics=True)
    for box in detect(networks.detector, picture):
        placed = networks.mesh.place(picture, near=None, box=box)
        if placed is not None:
            yield cut_out(picture, placed.points)
