"""Masks of few pixels, as the places and connected parts that they hold.

Damage covers a few per cent of a frame; what is done for each pixel of it ought not to cost what
doing it for the whole frame does. Masks here are uint8, 0 where nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled

Bits = npt.NDArray[np.uint8]
"""(H, W) uint8: 0, or anything else where something is."""
Places = npt.NDArray[np.intp]
"""(n,) indices into a flattened frame, rising."""

_WORD = 8
_FEW = 65_000  # parts that 16 bits can number


def places_of(bits: Bits) -> Places:
    """Where the mask is not 0. Looks at eight pixels at once: masks are mostly empty."""
    flat = np.ascontiguousarray(bits).reshape(-1)
    found = np.empty(cv2.countNonZero(bits), np.intp)
    _list_places(flat, flat[: flat.size // _WORD * _WORD].view(np.uint64), found)
    return found


@compiled
def _list_places(flat: Bits, words: npt.NDArray[np.uint64], found: Places) -> None:
    held = 0
    for word in range(len(words)):
        if words[word]:
            for place in range(_WORD * word, _WORD * word + _WORD):
                if flat[place]:
                    found[held] = place
                    held += 1
    for place in range(_WORD * len(words), len(flat)):
        if flat[place]:
            found[held] = place
            held += 1


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The connected parts (8 ways) of a mask; number 0 is what is outside it.

    labels: (H, W) uint16 or int32, the part of each pixel. boxes: (n, 5) int32, left, top, width,
    height and area. places: (m,) all pixels of the mask; which: (m,) the
    part of each.
    """

    labels: npt.NDArray[np.integer]
    boxes: npt.NDArray[np.int32]
    places: Places
    which: npt.NDArray[np.integer]

    @classmethod
    def of(cls, bits: Bits) -> Parts:
        places = places_of(bits)
        few = len(places) < _FEW
        labels: npt.NDArray[np.integer] = np.zeros(bits.shape, np.uint16 if few else np.int32)
        boxes = np.empty((len(places) + 1, 5), np.int32)
        count = _number(np.ascontiguousarray(bits), places, labels, boxes)
        boxes[0] = (0, 0, bits.shape[1], bits.shape[0], bits.size - len(places))
        return cls(labels, boxes[:count].copy(), places, labels.reshape(-1)[places])

    @property
    def count(self) -> int:
        """Parts and what is outside."""
        return len(self.boxes)

    @property
    def area(self) -> npt.NDArray[np.int32]:
        return np.asarray(self.boxes[:, cv2.CC_STAT_AREA])

    def only(self, kept: npt.NDArray[np.bool_]) -> Bits:
        """A mask of the parts that are kept, (H, W) uint8, 0 or 1.

        Args:
            kept: (n,) bool; what it says of number 0 does not matter.
        """
        bits = np.zeros(self.labels.shape, np.uint8)
        bits.reshape(-1)[self.places[kept[self.which]]] = 1
        return bits

    def sums(self, values: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
        """Sum of a value for each of `places` over each part, (n,)."""
        return np.asarray(np.bincount(self.which, weights=values, minlength=self.count), np.float64)


def connected_to(seeds: Bits, wide: Bits) -> Bits:
    """The connected parts of `wide` that hold a seed (hysteresis), 0 or 1."""
    bits = np.zeros(seeds.shape, np.uint8)
    keep_connected(seeds, wide, bits)
    return bits


def keep_connected(seeds: Bits, wide: Bits, kept: Bits) -> None:
    """Write 1 into `kept` where `connected_to` has it; what of `wide` it holds already is done."""
    _keep_connected(np.ascontiguousarray(wide), places_of(seeds), kept)


@compiled
def _number(
    bits: Bits, places: Places, labels: npt.NDArray[np.integer], boxes: npt.NDArray[np.int32]
) -> int:
    """Number the parts in the order of their first places, and measure them; one more than last."""
    height, width = bits.shape
    waiting = np.empty(len(places), np.int32)
    count = 1
    for place in places:
        if labels[place // width, place % width]:
            continue
        labels[place // width, place % width] = count
        waiting[0], held, area = place, 1, 0
        left, top, right, low = width, height, 0, 0
        while held:
            held -= 1
            y, x = waiting[held] // width, waiting[held] % width
            area += 1
            left, right = min(left, x), max(right, x)
            top, low = min(top, y), max(low, y)
            for row in range(max(y - 1, 0), min(y + 2, height)):
                for column in range(max(x - 1, 0), min(x + 2, width)):
                    if bits[row, column] and not labels[row, column]:
                        labels[row, column] = count
                        waiting[held] = row * width + column
                        held += 1
        boxes[count, 0], boxes[count, 1], boxes[count, 4] = left, top, area
        boxes[count, 2], boxes[count, 3] = right - left + 1, low - top + 1
        count += 1
    return count


@compiled
def _keep_connected(wide: Bits, seeds: Places, kept: Bits) -> None:
    """Set in `kept` what is connected in `wide` to a seed that lies in it."""
    height, width = wide.shape
    waiting = [0]
    waiting.clear()
    for seed in seeds:
        if not wide[seed // width, seed % width] or kept[seed // width, seed % width]:
            continue
        kept[seed // width, seed % width] = 1
        waiting.append(seed)
        while len(waiting):
            place = waiting.pop()
            y, x = place // width, place % width
            for row in range(max(y - 1, 0), min(y + 2, height)):
                for column in range(max(x - 1, 0), min(x + 2, width)):
                    if wide[row, column] and not kept[row, column]:
                        kept[row, column] = 1
                        waiting.append(row * width + column)
