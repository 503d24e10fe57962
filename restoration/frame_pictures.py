"""Single frames of a take and its map as PNG, exact in size, and single pixels of the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from archive.bucket import StoreError
from archive.derived import frame_table
from archive.media.decode import open_source
from archive.media.display import to_layout
from archive.media.errors import MediaError
from archive.media.pixels import Picture, codes_at
from archive.media.stills import frame_png
from restoration import inventions
from restoration.guides import read_guides
from restoration.mapfile import MapReader
from restoration.models import Take
from restoration.orders import FACTS
from restoration.overlay import RGB, laid_over, painted
from restoration.provenance import FrameMap, Label, ProvenanceError
from restoration.recording import HEAT, MAP, PICTURE
from restoration.stages import MOVES
from restoration.storage import storage

HOTTEST = 12.0
"""8-bit codes of the error to expect from which on its plane is at its densest."""


KINDS = ("take", "map", "heat", "invention")
PLANES = ("structure", "colour")


class NoPicture(Exception):
    """There is no such picture; the message says why. `status` is HTTP's: 404, 410 for what was
    removed, or 503 for what cannot be fetched now."""

    def __init__(self, words: str, status: int = 404) -> None:
        super().__init__(words)
        self.status = status


def shown(take: Take, frame: int, kind: str = "take", plane: str = "structure") -> bytes:
    """A frame of a take, numbered as in the scan, or one of its planes over it, as PNG; whether the
    person may see it is decided before.

    Args:
        kind: of KINDS.
        plane: of PLANES; of a map alone.

    Raises: NoPicture.
    """
    if not take.start_frame <= frame < take.end_frame:
        raise NoPicture(f"This take has frames {take.start_frame} to {take.end_frame - 1}.")
    if plane not in PLANES:
        raise NoPicture("A map has the planes structure and colour.")
    if not storage().exists(take.storage_key):
        raise NoPicture(
            f"The files of {take.stage} take {take.number} were removed; run the stage again.", 410
        )
    if kind not in KINDS:
        raise NoPicture("Ask for scan, take, map, heat or invention with ?of=.")
    try:
        return _drawn(take, frame, kind, plane)
    except FileNotFoundError as error:
        raise NoPicture(f"This take has no such picture: {error}") from error
    except (MediaError, ProvenanceError) as error:
        raise NoPicture(f"The files of this take cannot be read: {error} Check fixity.") from error
    except StoreError as error:
        raise NoPicture(f"The files of this take cannot be fetched now: {error}", 503) from error


def _drawn(take: Take, frame: int, kind: str, plane: str) -> bytes:
    if kind == "map":
        return map_frame(take, frame, plane)
    draw = {"take": take_frame, "heat": heat_frame, "invention": invention_frame}[kind]
    return draw(take, frame)


def take_frame(take: Take, frame: int) -> bytes:
    """A frame of the take, numbered as in the scan."""
    folder = storage().folder(take.storage_key, PICTURE)
    return frame_png(folder / "picture.mkv", frame - take.start_frame)


def map_frame(take: Take, frame: int, plane: str = "structure") -> bytes:
    """The take's frame under the colours and patterns of its provenance map."""
    folder = storage().folder(take.storage_key, PICTURE, MAP)
    place = frame - take.start_frame
    frame_map = next(MapReader(folder / "map.mkv").frames(place, place + 1))
    with open_source(folder / "picture.mkv") as source:
        native = next(source.native(place, place + 1))
        shown = to_layout(native, source.format, layout="rgb24").to_ndarray(format="rgb24")
        picture: RGB = shown.astype(np.uint8, copy=False)
    return _png(painted(picture, frame_map, plane=plane))


def heat_frame(take: Take, frame: int) -> bytes:
    """The error to expect in a frame of an enlarged take, to lay over it: the more, the denser.

    Clear up to one 8-bit code, densest from HOTTEST on.
    Raises: FileNotFoundError for a take that tells of none.
    """
    path = storage().folder(take.storage_key, HEAT) / HEAT
    if not path.is_file():
        raise FileNotFoundError(f"{take.stage} tells of no error to expect")
    place = frame - take.start_frame
    with open_source(path) as source:
        (heat,) = source.frames(place, place + 1)
    codes = heat.planes[0].astype(np.float32) / 4
    return _png(laid_over(codes, densest=HOTTEST))


def invention_frame(take: Take, frame: int) -> bytes:
    """How far what was made up in a frame lies from the scan, to lay over it.

    Raises: FileNotFoundError for a take that has none, with the reason.
    """
    return _png(inventions.distance_frame(take, frame))


def pixel_read_out(take: Take, frame: int, y: int, x: int) -> dict[str, Any]:
    """What the take's map says of one pixel of a frame, numbered as in the scan.

    Returns: `structure` and `colour` (labels by name); `stages`, the stage of the chain that gave
        each of both, None for ORIGINAL or where that cannot be told any more; `source` (`frame`,
        `y`, `x`) of a value that was copied, else None; `values`, the code values there in the
        scan (`before`) and in the take (`after`), by channel, each with its `bits`; `guide`, the
        hint or reference that its colour came from as in `facts["guides"]`, else None; `doubt` of
        an added colour, 0 to 1, else None.
    Raises: ValueError for a place outside the picture.
    """
    folder = storage().folder(take.storage_key)
    place = frame - take.start_frame
    frame_map = next(MapReader(folder / "map.mkv").frames(place, place + 1))
    height, width = frame_map.structure.shape
    if not (0 <= y < height and 0 <= x < width):
        raise ValueError(f"y {y}, x {x} lies outside the picture of {width} x {height}")
    told: dict[str, Any] = {
        "structure": Label(int(frame_map.structure[y, x])).name,
        "colour": Label(int(frame_map.colour[y, x])).name,
        "stages": _stages_of(take, frame_map, frame, y, x),
        "source": _source_of(frame_map, frame, y, x),
        "values": _values_at(take, frame, y, x),
        "guide": None,
        "doubt": None,
    }
    if frame_map.guidance is not None:
        number = int(frame_map.guidance.hint[y, x])
        if number:
            told["guide"] = read_guides(folder / FACTS)[number - 1]
        if frame_map.colour[y, x] >= Label.HUMAN.value:
            told["doubt"] = round(int(frame_map.guidance.doubt[y, x]) / 255, 2)
    return told


def _stages_of(
    take: Take, frame_map: FrameMap, frame: int, y: int, x: int
) -> dict[str, str | None]:
    """The first stage from which on the pixel has the label of each plane that it has now.

    Where a stage has moved the picture, what stood there before is another pixel: it counts.
    """
    labels = _labels_at(frame_map, y, x)
    stages: dict[str, str | None] = {
        plane: take.stage if label != Label.ORIGINAL.value else None
        for plane, label in labels.items()
    }
    open_planes, link = {plane for plane, stage in stages.items() if stage}, take
    while open_planes and link.input_take is not None and link.stage not in MOVES:
        link = link.input_take
        place = frame - link.start_frame
        try:
            reader = MapReader(storage().folder(link.storage_key, MAP) / MAP)
            earlier = _labels_at(next(reader.frames(place, place + 1)), y, x)
        except (ProvenanceError, StoreError):  # the files of an earlier take were removed
            return stages | dict.fromkeys(open_planes)
        open_planes = {plane for plane in open_planes if earlier[plane] == labels[plane]}
        stages |= dict.fromkeys(open_planes, link.stage)
    return stages


def _labels_at(frame_map: FrameMap, y: int, x: int) -> dict[str, int]:
    return {"structure": int(frame_map.structure[y, x]), "colour": int(frame_map.colour[y, x])}


def _values_at(take: Take, frame: int, y: int, x: int) -> dict[str, Any]:
    """`before` in the scan, `after` in the take; of an enlarged one, the scan's pixel under it."""
    scan = take.scan
    place = frame - take.start_frame
    with open_source(storage().folder(take.storage_key) / "picture.mkv", rate=scan.rate) as source:
        (after,) = source.frames(place, place + 1)
    with open_source(Path(scan.path), rate=scan.rate, table=frame_table(scan)) as source:
        (before,) = source.frames(frame, frame + 1)
    row, column = y * before.height // after.height, x * before.width // after.width
    return {"before": _codes(before, row, column), "after": _codes(after, y, x)}


def _codes(picture: Picture, y: int, x: int) -> dict[str, Any]:
    return {"bits": picture.pixel.bits, "codes": codes_at(picture, y, x)}


def _source_of(frame_map: FrameMap, frame: int, y: int, x: int) -> dict[str, int] | None:
    """Where the pixel's value was copied from, in the scan's frames; None: its own place."""
    copied = frame_map.sources
    if copied is None or frame_map.structure[y, x] == Label.ORIGINAL.value:
        return None
    offset, dy, dx = (int(part[y, x]) for part in (copied.offset, copied.dy, copied.dx))
    if not (offset or dy or dx):
        return None
    return {"frame": frame + offset, "y": y + dy, "x": x + dx}


def _png(picture: RGB) -> bytes:
    """Of R, G and B, and how opaque, if there is a fourth."""
    turned = picture[..., [2, 1, 0, *range(3, picture.shape[2])]]
    done, encoded = cv2.imencode(".png", turned, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as PNG")
    return encoded.tobytes()
