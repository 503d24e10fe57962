"""The pictures and maps of a reel's takes in its bag, each bound to its manifest's digest.

A take's folder in the bag bears the digest that decisions are bound to. What is taken in is held
against it: the manifest must have that digest, and each file the digest that the manifest names.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from archive.fixity import sha256_file
from archive.models import Scan
from restoration.manifest import manifest_digest
from restoration.models import Take
from restoration.recording import FRAMES, HEAT, MAP, PICTURE
from restoration.storage import storage
from review.reel_bag import TAKES
from review.reel_bag.errors import BagRefused

FILES = frozenset({PICTURE, MAP, FRAMES, HEAT, "facts.json", "manifest.json"})
"""What a take's folder may hold; whatever else lies there can be made again of it."""


def write_takes(scan: Scan, folder: Path) -> None:
    """Copy every take's files, each compared with its digest.

    Raises: BagRefused, OSError.
    """
    for take in Take.objects.filter(scan=scan).order_by("pk"):
        source, target = storage().folder(take.storage_key), folder / TAKES / take.digest
        if target.exists():
            continue
        if not source.is_dir():
            raise BagRefused(f"The files of {take} are not there; export without takes.")
        target.mkdir(parents=True)
        for file in sorted(source.iterdir()):
            if file.name in FILES and file.is_file():
                shutil.copyfile(file, target / file.name)
        if wrong := _wrong(target, take.manifest):
            raise BagRefused(f"{take} is not what its manifest says: {wrong}.")


def check_takes(data: Path, decisions: Mapping[str, Any]) -> None:
    """Hold what the bag says of takes, and their files if it has them, against their digests.

    Raises: BagRefused.
    """
    manifests = {}
    for each in decisions.get("takes", []):
        if manifest_digest(each["manifest"]) != each["digest"]:
            raise BagRefused(f"The manifest of take {each['id']} is not that of its digest.")
        manifests[each["digest"]] = each["manifest"]
    for folder in _folders(data):
        if folder.name not in manifests or not folder.is_dir():
            raise BagRefused(f"The bag holds {folder.name[:80]}, which is none of its takes.")
        for file in folder.iterdir():
            if file.name not in FILES or file.is_symlink() or not file.is_file():
                raise BagRefused(f"A take holds {file.name[:80]}, which takes do not.")
        if wrong := _wrong(folder, manifests[folder.name]):
            raise BagRefused(f"Take {folder.name[:12]} is not what its manifest says: {wrong}.")


def place_takes(data: Path, takes: Iterable[Take], published: list[Path]) -> None:
    """Put the files of the bag's takes where their rows say; `published` grows by each folder."""
    for take in takes:
        source = data / TAKES / take.digest
        if source.is_dir():
            target = storage().place(take.storage_key)
            published.append(target)
            shutil.rmtree(
                target, ignore_errors=True
            )  # left by a bag that was refused: no row has it
            shutil.copytree(source, target)


def _folders(data: Path) -> list[Path]:
    return sorted((data / TAKES).iterdir()) if (data / TAKES).is_dir() else []


def _wrong(folder: Path, manifest: Mapping[str, Any]) -> str:
    """The first file that is not as the manifest says; empty if all are."""
    for name, told in sorted(manifest.get("files", {}).items()):
        path = folder / name
        if name not in FILES or not path.is_file():
            return f"{name} is not there"
        if sha256_file(path) != told["sha256"]:
            return f"{name} is another"
    kept = folder / "manifest.json"
    if kept.is_file() and json.loads(kept.read_text("utf-8")) != manifest:
        return "manifest.json is another"
    return ""
