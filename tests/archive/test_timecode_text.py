"""Frames as timecode, drop-frame too; the examples of SMPTE ST 12-1."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archive.timecode import frames_of_timecode, timecode

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("frame", "rate", "start", "written"),
    [
        (0, Fraction(24), "", "00:00:00:00"),
        (24 * 60 - 1, Fraction(24), "", "00:00:59:23"),
        (17, Fraction(16), "", "00:00:01:01"),
        (24, Fraction(24000, 1001), "01:00:00:00", "01:00:01:00"),
        (1799, NTSC, "00:00:00;00", "00:00:59;29"),
        (1800, NTSC, "00:00:00;00", "00:01:00;02"),
        (17982, NTSC, "00:00:00;00", "00:10:00;00"),
        (17981, NTSC, "00:00:00;00", "00:09:59;29"),
        (1800, NTSC, "00:00:00:00", "00:01:00:00"),
        (107892, NTSC, "00:00:00;00", "01:00:00;00"),
    ],
)
def test_a_frame_is_written_as_timecode(frame, rate, start, written):
    assert timecode(frame, rate, start) == written


@pytest.mark.parametrize("frame", [0, 1, 1799, 1800, 1801, 3597, 3598, 17981, 17982, 53946])
def test_drop_frame_timecode_counts_back_to_its_frame(frame):
    assert frames_of_timecode(timecode(frame, NTSC, "00:00:00;00"), NTSC) == frame
