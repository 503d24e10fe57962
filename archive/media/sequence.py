"""Folders of numbered frames (PNG, TIFF, DPX, JPEG): order, gaps, and what DPX headers say."""

from __future__ import annotations

import re
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from archive.media.errors import BrokenSequence, NotAVideo
from archive.media.rates import rate_from_float
from archive.media.threads import asked_for

DECODERS = {
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".dpx": "dpx",
    ".jpg": "mjpeg",
    ".jpeg": "mjpeg",
}
"""FFmpeg's decoder for each kind of frame file."""

_JPEG_END = b"\xff\xd9"
_NUMBERED = re.compile(r"^(?P<prefix>.*?)(?P<number>\d+)(?P<suffix>\D*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NumberedFrames:
    """The frame files of one folder in the order of their numbers, without gaps."""

    folder: Path
    files: tuple[Path, ...]
    start_number: int
    decoder: str

    def __len__(self) -> int:
        return len(self.files)


def find_frames(folder: Path) -> NumberedFrames:
    """Order the numbered frames of a folder; other files beside them are ignored.

    Raises: as `arrange`.
    """
    return arrange(folder, (path for path in folder.iterdir() if path.is_file()))


def arrange(folder: Path, files: Iterable[Path]) -> NumberedFrames:
    """Order numbered frames by their names alone; they need not exist yet.

    Raises: NotAVideo if there are none; BrokenSequence for a gap, a number that comes twice, or
        frames of two sequences.
    """
    groups: dict[tuple[str, str, str], dict[int, list[Path]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for path in files:
        if path.name.startswith(".") or path.suffix.lower() not in DECODERS:
            continue
        found = _NUMBERED.match(path.stem)
        if found:
            key = (found["prefix"], found["suffix"], path.suffix.lower())
            groups[key][int(found["number"])].append(path)
    if not groups:
        raise NotAVideo(
            f"{folder} holds no numbered frames; expected names such as 000001.png, "
            "with PNG, TIFF, DPX or JPEG pictures"
        )
    if len(groups) > 1:
        raise BrokenSequence(f"{folder.name} holds frames of several sequences: {_name(groups)}")
    (key, numbered) = next(iter(groups.items()))
    files = _in_order(folder, numbered)
    return NumberedFrames(folder, files, min(numbered), DECODERS[key[2]])


def numbered_files(folder: Path) -> dict[int, Path]:
    """Every numbered frame file that is there, whole sequence or not, by its number."""
    found = {}
    for path in sorted(folder.iterdir()):
        match = _NUMBERED.match(path.stem)
        if match and path.suffix.lower() in DECODERS and not path.name.startswith("."):
            found[int(match["number"])] = path
    return found


def _name(groups: dict[tuple[str, str, str], dict[int, list[Path]]]) -> str:
    shown = [
        f"{prefix}#{suffix}{extension} ({len(numbered)})"
        for (prefix, suffix, extension), numbered in sorted(groups.items())[:4]
    ]
    return ", ".join(shown) + "; keep one in each folder"


def _in_order(folder: Path, numbered: dict[int, list[Path]]) -> tuple[Path, ...]:
    for number, paths in sorted(numbered.items()):
        if len(paths) > 1:
            names = " and ".join(sorted(path.name for path in paths))
            raise BrokenSequence(f"{folder.name}: number {number} comes twice, as {names}")
    first, last = min(numbered), max(numbered)
    missing = last - first + 1 - len(numbered)
    if missing:
        gap = next(number for number in range(first, last) if number not in numbered)
        raise BrokenSequence(
            f"{folder.name}: frame {gap} is missing ({missing} missing between {first} and "
            f"{last}); add it, or put each unbroken run into a folder of its own"
        )
    return tuple(numbered[number][0] for number in range(first, last + 1))


class FrameDecoder:
    """Decodes frame files one by one, without FFmpeg's demuxers and so without any protocol."""

    def __init__(self, decoder: str) -> None:
        self._name = decoder
        self._context = self._make()

    def _make(self) -> av.VideoCodecContext:
        context = av.CodecContext.create(self._name, "r")
        assert isinstance(context, av.VideoCodecContext)
        context.thread_type = "SLICE"  # frame threads would hold pictures back
        context.thread_count = asked_for()
        return context

    def decode(self, path: Path) -> av.VideoFrame:
        """Raises: BrokenSequence naming the file if it cannot be read or decoded."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BrokenSequence(f"{path.name} cannot be read: {error.strerror}") from error
        if not data:
            raise BrokenSequence(f"{path.name} is empty (0 bytes); copy it again")
        if self._name == "mjpeg" and _JPEG_END not in data[-64:]:
            # FFmpeg fills the rest of a cut-off JPEG with grey and says nothing.
            raise BrokenSequence(f"{path.name} is cut off; copy it again")
        packet: av.Packet[Any] = av.Packet(data)
        packet.is_keyframe = True  # or the PNG decoder adds the picture before to this one
        try:
            found = self._context.decode(packet)
            if not found:
                found = self._context.decode(None)
                self._context = self._make()
        except (av.FFmpegError, EOFError) as error:
            self._context = self._make()
            raise BrokenSequence(f"{path.name} cannot be decoded: {error}") from error
        if not found:
            raise BrokenSequence(f"{path.name} holds no picture")
        return found[0]


def iterate(frames: NumberedFrames, start: int, stop: int) -> Iterator[av.VideoFrame]:
    """Decode frames [start, stop), counted from the first file."""
    decoder = FrameDecoder(frames.decoder)
    for path in frames.files[start:stop]:
        yield decoder.decode(path)


def require_same(kinds: Sequence[tuple[int, int, str]], frames: NumberedFrames) -> None:
    """Raises: BrokenSequence naming the frames whose (width, height, layout) is not the usual."""
    usual, _ = Counter(kinds).most_common(1)[0]
    others = [number for number, kind in enumerate(kinds) if kind != usual]
    if not others:
        return
    shown = ", ".join(
        f"{frames.files[number].name} ({describe(kinds[number])})" for number in others[:5]
    )
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    raise BrokenSequence(
        f"{frames.folder.name}: most frames are {describe(usual)}, but {shown}{more} differ; "
        "scan them again or put each size into a folder of its own"
    )


def describe(kind: tuple[int, int, str]) -> str:
    return f"{kind[0]}x{kind[1]} {kind[2]}"


@dataclass(frozen=True, slots=True)
class DpxHeader:
    """What a DPX header (SMPTE 268M) says about time; None where it is silent."""

    rate: Fraction | None
    timecode: str | None


def read_dpx_header(path: Path) -> DpxHeader:
    """Raises: BrokenSequence if the file is not DPX."""
    with path.open("rb") as file:
        head = file.read(2048)
    order = {b"SDPX": ">", b"XPDS": "<"}.get(head[:4])
    if order is None or len(head) < 2048:
        raise BrokenSequence(f"{path.name} is not a DPX file")
    (offset,) = struct.unpack_from(f"{order}I", head, 4)
    if offset < len(head):  # FFmpeg's own have no such headers: pictures begin here
        return DpxHeader(None, None)
    (film_rate,) = struct.unpack_from(f"{order}f", head, 1724)
    (packed,) = struct.unpack_from(f"{order}I", head, 1920)
    (video_rate,) = struct.unpack_from(f"{order}f", head, 1940)
    rate = rate_from_float(film_rate) or rate_from_float(video_rate)
    return DpxHeader(rate, _timecode(packed))


def _timecode(packed: int) -> str | None:
    digits = f"{packed:08x}"
    if not digits.isdigit():  # 0xFFFFFFFF is "undefined"
        return None
    hours, minutes, seconds, frame = (int(digits[at : at + 2]) for at in (0, 2, 4, 6))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frame:02d}"
