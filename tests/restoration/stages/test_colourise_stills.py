"""A coloured still is measured by its header first, and refused with what to do."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from restoration.stages.colourise import references
from restoration.stages.colourise.references import Reference, load_reference
from restoration.stages.contract import StageError

COAT = cv2.imencode(".png", np.full((24, 32, 3), (40, 60, 170), np.uint8))[1].tobytes()


def claiming(width: int, height: int) -> bytes:
    """The still with another size in its header, as a file that was made to harm has it."""
    header = b"IHDR" + struct.pack(">II", width, height) + COAT[24:29]
    return COAT[:12] + header + struct.pack(">I", zlib.crc32(header)) + COAT[33:]


def wide_bitmap() -> bytes:
    """Few pixels in all, yet OpenCV raises an error of its own."""
    bitmap = cv2.imencode(".bmp", np.zeros((2, 2, 3), np.uint8))[1].tobytes()
    return bitmap[:18] + struct.pack("<i", 1_200_000) + bitmap[22:]


def reference_to(path: Path, data: bytes) -> Reference:
    path.write_bytes(data)
    return Reference(frame=0, sha256=hashlib.sha256(data).hexdigest(), path=path)


@pytest.mark.parametrize("size", [(8000, 5001), (12_000, 9000), (1 << 15, 1 << 15)])
def test_a_still_with_too_many_pixels_is_refused_before_any_is_decoded(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references.cv2, "imdecode", None)
    with pytest.raises(StageError, match=r"coat.png has more than 40 million pixels"):
        load_reference(reference_to(tmp_path / "coat.png", claiming(*size)))


@pytest.mark.parametrize(
    "data",
    [wide_bitmap(), COAT[:20], COAT[:33], b"", COAT[:8] + bytes(40)],
    ids=["wider than OpenCV takes", "half a header", "header alone", "empty", "zeros"],
)
def test_a_still_that_cannot_be_decoded_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(StageError, match="no picture that can be read"):
        load_reference(reference_to(tmp_path / "coat.png", data))


def test_a_still_within_the_limit_is_read(tmp_path: Path) -> None:
    lab = load_reference(reference_to(tmp_path / "coat.png", COAT))
    assert lab.shape == (24, 32, 3) and lab[..., 1].min() > 30
