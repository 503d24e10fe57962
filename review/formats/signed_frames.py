"""Credentials in every frame of a TIFF sequence: each says what it alone shows. PLAIN.

A frame that is taken out of its folder would otherwise have lost what speaks for it. DPX has no
place for credentials: there `review.formats.signed.SIDECAR` speaks for the folder as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from archive import __version__
from archive.media.sequence import FrameDecoder
from restoration.mapfile import MapReader
from review import credentials
from review.claim import Places, require_approved
from review.credentials import CredentialsError, Identity
from review.formats.areas import Areas, areas_of_map
from review.formats.edition import Edition, EditionScene

ENDING = ".tif"
Progress = Callable[[int, int], None]
"""Called with (frames signed, frames in all); may raise to stop."""


def bears_frames(path: Path) -> bool:
    """Whether it is a folder of frames that can bear credentials."""
    return path.is_dir() and next(path.glob(f"*{ENDING}"), None) is not None


def sign_frames(
    folder: Path, edition: Edition, identity: Identity, *, when: str, progress: Progress
) -> None:
    """Sign every frame in its place, read it back, and hold its picture against what it was.

    Args:
        folder: of frames in order, one for each of the scan.
        when: ISO 8601.
    Raises: NotApproved before anything is touched; CredentialsError, ProvenanceError, MediaError,
        OSError: some frames are signed then.
    """
    require_approved(edition)
    paths = sorted(folder.glob(f"*{ENDING}"))
    if len(paths) != edition.scan.frames:
        raise CredentialsError(
            f"{folder.name} holds {len(paths)} frames, and the scan {edition.scan.frames}; "
            "deliver again"
        )
    decoder = FrameDecoder("tiff")
    for frame, scene, areas in _frames(edition):
        path = paths[frame]
        before = _picture(decoder, path)
        credentials.sign(
            path, replace(edition, scenes=(scene,)), identity, digests={}, when=when,
            version=__version__, places=Places(areas, frame), thumbnail=False,
        )  # fmt: skip
        credentials.require_whole(path, identity)
        if _picture(decoder, path) != before:
            raise CredentialsError(f"{path.name} shows another picture since it was signed")
        progress(frame + 1, len(paths))


def _frames(edition: Edition) -> Iterator[tuple[int, EditionScene, Areas]]:
    """Each frame of the scan in order, with its scene and the areas of what was made in it."""
    for scene in edition.scenes:
        maps = MapReader(scene.take.provenance).frames(sources=False)
        for frame, held in enumerate(maps, start=scene.start_frame):
            yield frame, scene, areas_of_map(scene, frame, held)


def _picture(decoder: FrameDecoder, path: Path) -> bytes:
    frame = decoder.decode(path)
    return b"".join(bytes(plane) for plane in frame.planes)
