"""The memory that repair takes for film as wide as 4K is bounded, however long the film."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from restoration.nursery import ENVIRONMENT

MOST_MIB = 1400
FRAMES, FULL = 26, 19
"""Frames that are repaired, and after which the window of frames around one is full."""

REPAIR = f"""
import resource, sys
from fractions import Fraction
import cv2, numpy as np
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages import REPAIR
from tests.restoration.stages.films import scenery

PIXEL = PIXEL_FORMATS["gray10le"]
wide = scenery(3, width=540, height=270).astype(np.float32)
grain = 6.0 * np.random.default_rng(1).standard_normal((2160, 3840)).astype(np.float32)


class Film:
    '''Frames made when they are asked for, as a decoder does; each with two blotches of its own.'''

    format = PictureFormat(3840, 2160, PIXEL, Fraction(24))
    start_frame, end_frame, marks, device = 0, {FRAMES}, (), "cpu"

    def frames(self, start, stop):
        for number in range(start, stop):
            shift = np.float32([[8.0, 0, -12.0 * number], [0, 8.0, 0]])
            light = 1023.0 * cv2.warpAffine(wide, shift, (3840, 2160))
            light += np.roll(grain, (37 * number, 91 * number), (0, 1))
            for spot in (0, 1):
                place = (300 + 120 * number + 500 * spot, 400 + 60 * number + 300 * spot)
                cv2.circle(light, place, 20, 1000.0 * spot, -1)
            yield Picture(PIXEL, (np.clip(light, 0, 1023).astype(np.uint16),))

    def sound(self, rate_hz):
        return None


recovered = 0
outcome = REPAIR.run(Film(), REPAIR.params(), lambda done, total: None)
for number, frame in enumerate(outcome.frames):
    recovered += int((frame.structure != 0).sum())
    if number + 1 in ({FULL}, {FRAMES}):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(recovered // {FRAMES})
"""


@pytest.mark.slow
def test_film_as_wide_as_4k_takes_bounded_memory() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", REPAIR],
        env={**ENVIRONMENT, **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    full, at_end, changed = map(int, ran.stdout.split())
    assert changed > 1500  # most of both blotches of 1,256 pixels
    assert at_end < MOST_MIB
    assert at_end <= 1.03 * full
