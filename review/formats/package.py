"""A deliverable as one file: a bag (BagIt 1.0, RFC 8493) in a ZIP, both readable everywhere.

The ZIP stores and does not compress: film does not shrink, and so a reader can take any part of it.
"""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import bagit

from review.formats.edition import DeliveryError, Edition

NAME = "package.zip"
_THEN = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can say: what is in it bears its own dates."""
_PIECE = 4 << 20
Progress = Callable[[int, int], None]
"""Called with (MiB done, MiB in all); may raise to stop."""


def pack(folder: Path, edition: Edition, *, progress: Progress) -> Path:
    """Put all files of the folder into a bag, and the bag into NAME beside nothing else.

    Raises: DeliveryError if the bag does not hold what went in; OSError.
    """
    logging.getLogger("bagit").setLevel(logging.WARNING)
    bag = folder / bag_name(edition)
    bag.mkdir()
    for path in list(folder.iterdir()):
        if path != bag:
            path.rename(bag / path.name)
    total = sum(path.stat().st_size for path in bag.rglob("*")) >> 20
    progress(0, max(1, total))
    made = bagit.make_bag(str(bag), _facts(edition), checksums=["sha256"])
    try:
        made.validate(completeness_only=True)  # their digests were taken a moment ago
    except bagit.BagError as error:
        raise DeliveryError(f"The package could not be made: {error}; deliver again") from error
    _zip(bag, folder / NAME, progress)
    shutil.rmtree(bag)
    return folder / NAME


def bag_name(edition: Edition) -> str:
    """What the bag's folder is called inside: letters, digits and hyphens."""
    words = f"{edition.title} {edition.reel} {edition.use}".lower()
    kept = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in words)
    return "-".join(part for part in kept.split("-") if part)[:80] or "reel"


def _facts(edition: Edition) -> dict[str, str]:
    """Of `bag-info.txt`."""
    return {
        "External-Description": " ".join(
            f"{edition.title}, {edition.reel}, {edition.version}, for {edition.use}".split()
        ),
        "External-Identifier": f"{edition.tape} {edition.scan.sha256}",
        "Internal-Sender-Description": "What each file is stands in data/record.json.",
    }


def _zip(bag: Path, target: Path, progress: Progress) -> None:
    paths = sorted(path for path in bag.rglob("*") if path.is_file())
    total, done = max(1, sum(path.stat().st_size for path in paths) >> 20), 0
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED, allowZip64=True) as packed:
        for path in paths:
            entry = zipfile.ZipInfo(str(path.relative_to(bag.parent)), _THEN)
            entry.external_attr = 0o644 << 16
            entry.file_size = path.stat().st_size  # tells the writer early that it is large
            with path.open("rb") as source, packed.open(entry, "w") as held:
                while piece := source.read(_PIECE):
                    held.write(piece)
                    done += len(piece)
                    progress(min(total, done >> 20), total)
