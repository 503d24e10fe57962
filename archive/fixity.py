"""Digests that tell whether a scan is still what was taken in, and which frames are not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.media.sequence import find_frames

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""

_CHUNK = 4 << 20


def sha256_file(path: Path, *, progress: Progress | None = None) -> str:
    """SHA-256 of a file's bytes, read in pieces.

    Raises: OSError if it cannot be read to its end.
    """
    digest = hashlib.sha256()
    total = path.stat().st_size
    done = 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done, total)
    return digest.hexdigest()


def canonical_json(value: Any) -> bytes:
    """One spelling for each JSON value: sorted keys, no spaces, UTF-8, no NaN.

    Raises: ValueError for NaN or infinity, TypeError for what JSON does not know.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def digest_json(value: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sequence_manifest(folder: Path, *, progress: Progress | None = None) -> str:
    """One line "sha256  name" for each frame file, in the order of frame numbers.

    `sha256sum --check` reads it. Raises: MediaError if the folder is no whole sequence; OSError.
    """
    files = find_frames(folder).files
    total = sum(path.stat().st_size for path in files)
    done = 0
    lines = []
    for path in files:
        lines.append(f"{sha256_file(path)}  {path.name}\n")
        done += path.stat().st_size
        if progress is not None:
            progress(done, total)
    return "".join(lines)


def scan_digest(path: Path, *, progress: Progress | None = None) -> str:
    """SHA-256 of a video file, or of a folder's manifest of digests.

    Raises: OSError, MediaError.
    """
    if path.is_dir():
        manifest = sequence_manifest(path, progress=progress)
        return hashlib.sha256(manifest.encode("utf-8", "surrogateescape")).hexdigest()
    return sha256_file(path, progress=progress)


def scan_bytes(path: Path) -> int:
    """Bytes of a video file, or of all frame files of a folder."""
    if path.is_dir():
        return sum(one.stat().st_size for one in find_frames(path).files)
    return path.stat().st_size
