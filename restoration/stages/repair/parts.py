"""Masks of few pixels, as the places and connected parts that they hold.

Damage covers a few per cent of a frame; what is done for each pixel of it ought not to cost what
doing it for the whole frame does. Masks here are uint8, 0 where nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
"""(H, W) uint8: 0, or anything else where something is."""
Places = npt.NDArray[np.intp]
"""(n,) indices into a flattened frame, rising."""

_WORD = 8
_FEW = 65_000  # parts that 16 bits can number; counting with 16 bits is three times as quick


def places_of(bits: Bits) -> Places:
    """Where the mask is not 0. Looks at eight pixels at once: masks are mostly empty."""
    flat = np.ascontiguousarray(bits).reshape(-1)
    whole = flat.size // _WORD * _WORD
    words = np.flatnonzero(flat[:whole].view(np.uint64))
    which, inside = np.nonzero(flat[:whole].reshape(-1, _WORD)[words])
    found = words[which] * _WORD + inside
    rest = np.flatnonzero(flat[whole:]) + whole
    return np.concatenate([found, rest]) if rest.size else found


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The connected parts (8 ways) of a mask; number 0 is what is outside it.

    labels: (H, W) uint16 or int32, the part of each pixel. boxes: (n, 5) int32, left, top, width,
    height and area, as OpenCV counts them. places: (m,) all pixels of the mask; which: (m,) the
    part of each.
    """

    labels: npt.NDArray[np.integer]
    boxes: npt.NDArray[np.int32]
    places: Places
    which: npt.NDArray[np.integer]

    @classmethod
    def of(cls, bits: Bits) -> Parts:
        few = cv2.countNonZero(bits) < _FEW
        _, found, boxes, _ = cv2.connectedComponentsWithStats(
            bits, connectivity=8, ltype=cv2.CV_16U if few else cv2.CV_32S
        )
        labels: npt.NDArray[np.integer] = np.asarray(found, np.uint16 if few else np.int32)
        places = places_of(bits)
        return cls(labels, np.asarray(boxes, np.int32), places, labels.reshape(-1)[places])

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
    sure = places_of(seeds)
    if not sure.size:
        return np.zeros(seeds.shape, np.uint8)
    few = cv2.countNonZero(wide) < _FEW
    count, labels = cv2.connectedComponents(
        wide, connectivity=8, ltype=cv2.CV_16U if few else cv2.CV_32S
    )
    kept = np.zeros(count, bool)
    kept[labels.reshape(-1)[sure]] = True
    kept[0] = False
    places = places_of(wide)
    bits = np.zeros(seeds.shape, np.uint8)
    bits.reshape(-1)[places[kept[labels.reshape(-1)[places]]]] = 1
    return bits
