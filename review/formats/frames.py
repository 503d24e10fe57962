"""The master as numbered frames, DPX or TIFF, with its map and the scan's sound beside them.

Made as the FFV1 master is: every code value is the take's, and all is read back and held against
the scan. The folder's digest is that of its manifest (`archive.fixity.sequence_manifest`).
"""

from __future__ import annotations

from pathlib import Path

from archive.media.frames import FrameTable
from archive.media.numbered import DPX, TIFF
from archive.media.sound import sound_of, write_sound
from review.formats.edition import Edition
from review.formats.ffv1 import Progress, write_master

TIFFS = "tiff"
KINDS = {"dpx": DPX, TIFFS: TIFF}
SEQUENCES = tuple(KINDS)
FOLDER, SOUND = "frames", "sound.mka"


def write_frames(
    folder: Path, provenance: Path, format: str, edition: Edition, *, progress: Progress
) -> list[Path]:
    """Write FOLDER, the map and, if the scan has any, SOUND.

    Args:
        folder: where to.
        format: one of SEQUENCES.
        progress: counts every frame twice: written, and read back.
    Raises: DeliveryError, MediaError (also for pictures that the format cannot hold), OSError.
    """
    frames, scan = folder / FOLDER, edition.scan
    write_master(frames, provenance, edition, progress=progress, kind=KINDS[format])
    table = FrameTable.load(scan.table) if scan.table is not None else None
    sound = sound_of(scan.path, table=table) if table is not None else None
    if sound is None:
        return [frames, provenance]
    write_sound(folder / SOUND, sound)
    return [frames, provenance, folder / SOUND]


def room_needed(edition: Edition) -> int:
    """Bytes of all frames as they are without compression, and some for their headers."""
    form = edition.form
    planes = 3 if form.pixel.model == "rgb" else 1
    row = planes * form.width * (2 if form.pixel.bits > 8 else 1)
    return edition.scan.frames * (form.height * row + 4096)
