"""Stills with their provenance: a frame, the same under its map, and what the colours say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from archive.timecode import timecode
from restoration.overlay import INKS
from restoration.provenance import Label
from review.formats.edition import Edition, EditionScene
from review.formats.plates import chosen_scenes, pictures_of, shown_frame
from review.formats.typeface import FONTS
from review.shares import WORDS, percent

Progress = Callable[[int, int], None]
"""Called with (stills done, stills in all); may raise to stop."""
_INK, _PAPER, _ORIGINAL = (20, 20, 20), (245, 245, 245), (216, 216, 216)


def write_stills(
    folder: Path, edition: Edition, *, progress: Progress
) -> dict[Path, tuple[EditionScene, int]]:
    """A PNG for each of the scenes that `plates.chosen_scenes` chooses.

    Returns: the files, each with the scene and the frame of the scan that it shows.
    Raises: MediaError, ProvenanceError, OSError.
    """
    scenes = chosen_scenes(edition)
    written: dict[Path, tuple[EditionScene, int]] = {}
    for done, scene in enumerate(scenes, start=1):
        frame = shown_frame(scene)
        path = folder / f"still-scene-{scene.number:04d}-frame-{frame:06d}.png"
        _still(edition, scene, frame).save(path)
        written[path] = (scene, frame)
        progress(done, len(scenes))
    return written


def _still(edition: Edition, scene: EditionScene, frame: int) -> Image.Image:
    """Both pictures at the take's own size, side by side, over a band of words."""
    after, marked, labels = pictures_of(scene, frame)
    height, width = after.shape[:2]
    row = max(14, height // 24)
    lines = _lines(edition, scene, frame)
    shares = _shares(labels)
    band = row * (len(lines) + len(shares) + 1)
    whole = Image.new("RGB", (2 * width, height + band), _PAPER)
    whole.paste(Image.fromarray(after), (0, 0))
    whole.paste(Image.fromarray(marked), (width, 0))
    _write(ImageDraw.Draw(whole), height, row, lines, shares)
    return whole


def _lines(edition: Edition, scene: EditionScene, frame: int) -> list[str]:
    scan = edition.scan
    at = timecode(frame, scan.rate, scan.start_timecode)
    who = scene.approved_by
    return [
        f"{edition.title}, {edition.reel}, scene {scene.number}, {at}, frame {frame}",
        f"approved by {who}" if who else "NOT APPROVED",
    ]


def _shares(labels: npt.NDArray[np.uint8]) -> list[tuple[Label, str]]:
    """The labels of the frame with their shares, nearest to the scan first."""
    found = []
    for label in Label:
        share = float((labels == label.value).mean())
        if share:
            found.append((label, f"{WORDS[label.name]}: {percent(share)}"))
    return found


def _write(
    draw: ImageDraw.ImageDraw, top: int, row: int, lines: list[str],
    shares: list[tuple[Label, str]],
) -> None:  # fmt: skip
    size = round(row * 0.7)
    font = letters(size)
    y, margin = top + row // 2, row // 2
    for line in lines:
        draw.text((margin, y), line, _INK, font)
        y += row
    for label, words in shares:
        ink = INKS[label][0] if label in INKS else _ORIGINAL
        draw.rectangle((margin, y, margin + row, y + size), ink, _INK)
        draw.text((margin + 2 * row, y), words, _INK, font)
        y += row


def letters(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface of pictures, that many pixels high."""
    for path in FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)
