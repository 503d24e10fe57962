"""The checksums that FFV1 keeps on every slice (RFC 9043, 4.7 and 4.9).

FFmpeg's decoder covers a slice whose CRC is wrong with the picture before, logs it, and gives the
frame out as if it were sound. An archive must not take such a frame for the scan's.
"""

from __future__ import annotations

import zlib

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_WITH_CRC, _WITHOUT = 8, 3
_ALL_ONES = 0xFFFFFFFF


def slices_are_sound(packet: bytes) -> bool | None:
    """Whether every slice's CRC holds; None if the packet carries none."""
    slices = _cut(packet, _WITH_CRC)
    if slices is None:
        return None if _cut(packet, _WITHOUT) is not None else False
    return all(_crc_is_zero(one) for one in slices)


def _cut(packet: bytes, footer: int) -> list[bytes] | None:
    """The slices, read from the last one's size backwards; None if they do not add up."""
    slices, end = [], len(packet)
    while end > 0:
        if end < footer:
            return None
        size = int.from_bytes(packet[end - footer : end - footer + 3], "big") + footer
        if size > end:
            return None
        slices.append(packet[end - size : end])
        end -= size
    return slices or None


def _crc_is_zero(data: bytes) -> bool:
    """CRC-32 with the bits of each byte first to last and no inversion, by zlib's mirrored one."""
    return zlib.crc32(data.translate(_REVERSED), _ALL_ONES) == _ALL_ONES
