"""The storyboard of a film as one picture: how each scene begins and ends, for eyes and for print.

A missed cut shows as two frames of one scene that have nothing in common, a false one as two
neighbours that go on.
"""

from __future__ import annotations

import errno
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from archive.media.decode import PictureSource
from archive.media.display import display_size
from archive.media.stills import picture_png
from archive.timecode import timecode
from restoration.cutting import INTERTITLE, Piece, pieces
from restoration.stages.contract import StageError

DOUBTFUL = 0.8
"""Confidence below which a cut or mark is shown as one to look at, as on the storyboard's page."""

_COLUMNS = 4
_MARKS_WIDE = 52  # characters
_PICTURE_WIDTH = 176
_GAP = 14
_LINE = 17
_PAPER, _INK, _QUIET, _WARNING = (22, 24, 28), (236, 236, 232), (150, 154, 160), (240, 178, 60)

RGB = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Tile:
    scene: Piece
    number: int
    first: RGB
    last: RGB


def check_sheet(path: Path, *, force: bool) -> None:
    """Refuse what could not be written, before the film is decoded.

    Raises: StageError, FileExistsError, FileNotFoundError
    """
    if path.suffix.lower() != ".png":
        raise StageError(f"{path.name}: a storyboard is a PNG; end its name in .png")
    if path.exists() and not (force and path.is_file()):
        raise FileExistsError(
            errno.EEXIST, "is there already; give another name or --force", str(path)
        )
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "there is no such folder; make it first", str(path.parent)
        )


def write_sheet(
    source: PictureSource,
    findings: Mapping[str, Any],
    path: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Draw the storyboard and put it in place whole.

    Args:
        findings: what the stage `cuts` found in the whole of `source`.
    Raises: MediaError, OSError
    """
    scenes = pieces(len(source), findings)
    tiles = []
    for number, scene in enumerate(scenes, start=1):
        first, last = (_picture(source, n) for n in (scene.start_frame, scene.end_frame - 1))
        tiles.append(_Tile(scene, number, first, last))
        progress(number, len(scenes))
    sheet = _draw(tiles, source.format.rate, name=source.path.name)
    _put(sheet, path)


def _picture(source: PictureSource, frame: int) -> RGB:
    """(h, w, 3), square pixels, as a screen shows it."""
    width, height = display_size(source.format, max_height=source.format.height)
    rows = max(2, round(height * _PICTURE_WIDTH / width))
    data = picture_png(source.picture(frame), source.format, max_height=rows)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise StageError(f"frame {frame} of {source.path.name} could not be shown")
    small = cv2.resize(decoded, (_PICTURE_WIDTH, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small[..., ::-1], np.uint8)


def _draw(tiles: Sequence[_Tile], rate: Fraction, *, name: str) -> Image.Image:
    rows = -(-len(tiles) // _COLUMNS)
    tall = tiles[0].first.shape[0]
    most = max(1, *(len(_mark_lines(tile)) for tile in tiles))
    tile_width, tile_height = 2 * _PICTURE_WIDTH + 2, tall + (2 + most) * _LINE + 6
    top = 2 * _GAP + _LINE
    size = (
        _COLUMNS * (tile_width + _GAP) + _GAP,
        top + rows * (tile_height + _GAP),
    )
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    count = "1 scene" if len(tiles) == 1 else f"{len(tiles)} scenes"
    told = f"{name}    {count}    first and last frame of each"
    pen.text((_GAP, _GAP), told, fill=_INK, font=_font(14))
    for index, tile in enumerate(tiles):
        x = _GAP + index % _COLUMNS * (tile_width + _GAP)
        y = top + index // _COLUMNS * (tile_height + _GAP)
        sheet.paste(Image.fromarray(tile.first), (x, y))
        sheet.paste(Image.fromarray(tile.last), (x + _PICTURE_WIDTH + 2, y))
        _caption(pen, tile, rate, (x, y + tall + 4))
    return sheet


def _caption(pen: ImageDraw.ImageDraw, tile: _Tile, rate: Fraction, place: tuple[int, int]) -> None:
    x, y = place
    scene = tile.scene
    head = f"{tile.number}   {timecode(scene.start_frame, rate)}   frame {scene.start_frame}"
    length = f"{scene.end_frame - scene.start_frame} frames"
    kind = "" if scene.kind == "shot" else f"{scene.kind}{_sureness(scene.marks)}   "
    pen.text((x, y), f"{head}   {length}", fill=_INK, font=_font(13))
    doubtful = tile.number > 1 and scene.confidence < DOUBTFUL
    colour = _WARNING if doubtful else _QUIET
    pen.text((x, y + _LINE), kind + _entry(tile), fill=colour, font=_font(12))
    unsure = any(map(_is_doubtful, _marks(tile)))
    colour = _WARNING if unsure else _QUIET
    for row, line in enumerate(_mark_lines(tile), start=2):
        pen.text((x, y + row * _LINE), line, fill=colour, font=_font(12))


def _marks(tile: _Tile) -> list[dict[str, Any]]:
    return [mark for mark in tile.scene.marks if mark["kind"] != INTERTITLE]


def _mark_lines(tile: _Tile) -> list[str]:
    """What is told of the marks, in lines no wider than both pictures."""
    return textwrap.wrap(describe_marks(_marks(tile)), _MARKS_WIDE)


def _entry(tile: _Tile) -> str:
    """How the scene begins, and how sure that is."""
    scene = tile.scene
    if tile.number == 1:
        return "the film begins"
    where = f" {scene.gradual[0]}-{scene.gradual[1]}" if scene.gradual else ""
    return f"{scene.transition}{where}   confidence {scene.confidence:.2f}"


def describe_marks(marks: Iterable[Mapping[str, Any]], *, shown: int = 4) -> str:
    """Such as "splice 1086 (.61), flash 1102 1109": by kind, the first few frames of each.

    Where a mark is doubtful its confidence is told.
    """
    frames: dict[str, list[str]] = {}
    for mark in marks:
        sure = f" ({mark['confidence']:.2f})".replace("0.", ".") if _is_doubtful(mark) else ""
        frames.setdefault(str(mark["kind"]), []).append(f"{mark['frame']}{sure}")
    told = []
    for kind, places in frames.items():
        rest = f" and {len(places) - shown} more" if len(places) > shown else ""
        told.append(f"{kind} {' '.join(places[:shown])}{rest}")
    return ", ".join(told)


def _is_doubtful(mark: Mapping[str, Any]) -> bool:
    return float(mark.get("confidence", 1.0)) < DOUBTFUL


def _sureness(marks: Iterable[Mapping[str, Any]]) -> str:
    """How sure it is that the scene is an intertitle, if that is known."""
    return "".join(f" {m['confidence']:.2f}" for m in marks if m["kind"] == INTERTITLE)


def _font(size: int) -> Any:
    return ImageFont.load_default(size=size)


def _put(sheet: Image.Image, path: Path) -> None:
    """Write beside the place and move there, so that it is whole or not there."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    try:
        with os.fdopen(handle, "wb") as file:
            sheet.save(file, format="PNG", optimize=True)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
