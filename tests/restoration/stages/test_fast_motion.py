"""Limbs that move fast are no dirt: nothing of them is removed, and nothing of them is left behind.

What moves farther than its own width is in one frame only at each place, which is what dirt looks
like to any test over time. HaineiFRDM (2025) names the loss of limbs as the fault of its peers.
"""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages import REPAIR
from restoration.stages.material import MemoryClip
from tests.restoration.stages.films import problems, run_stage, scenery

WIDTH, HEIGHT, FRAMES = 320, 240, 6
GREY = PIXEL_FORMATS["gray"]


def _limb(shape: tuple[int, int], at: tuple[float, float], turn: float, length: int = 70):
    """Opacity of an arm: a tapering bar with a round hand at its end, soft from movement."""
    canvas = np.zeros(shape, np.uint8)
    end = np.array(at) + length * np.array([np.sin(turn), np.cos(turn)])
    aside = np.array([np.cos(turn), -np.sin(turn)])
    corners = [at + 7 * aside, at - 7 * aside, end - 4 * aside, end + 4 * aside]
    cv2.fillPoly(canvas, [np.rint(np.array(corners) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    cv2.circle(canvas, np.rint(end * 8).astype(int).tolist(), 8 * 8, 255, -1, cv2.LINE_AA, 3)
    return cv2.GaussianBlur(canvas, (0, 0), 1.0) / 255.0


def _film(step: float, *, tone: float = 0.85, swing: float = 0.0):
    """A limb that crosses a textured scene by `step` pixels a frame; and its opacities."""
    ground = scenery(7, width=WIDTH, height=HEIGHT)
    ground = ground + 0.06 * scenery(9, width=WIDTH, height=HEIGHT)
    weave = 0.25 * scenery(3, width=WIDTH, height=HEIGHT)
    rng = np.random.default_rng(2)
    lights, limbs = [], []
    for number in range(FRAMES):
        across = WIDTH / 2 + step * (number - (FRAMES - 1) / 2)
        limb = _limb((HEIGHT, WIDTH), (across, 60.0), swing * (number - 2.5))
        skin = tone + np.roll(weave, round(step * number), axis=1) - 0.12
        light = ground + limb * (skin - ground)
        lights.append(light + 0.008 * rng.standard_normal(light.shape))
        limbs.append(limb)
    return lights, limbs


def _clip(lights) -> MemoryClip:
    pictures = [
        Picture(GREY, (np.rint(255 * np.clip(light, 0, 1)).astype(np.uint8),)) for light in lights
    ]
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, GREY, Fraction(18)))


@pytest.mark.parametrize(
    ("step", "tone", "swing"),
    [
        (15.0, 0.85, 0.12),
        (40.0, 0.85, 0.0),
        (40.0, 0.1, 0.12),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                *((15.0, 0.85, 0.0), (15.0, 0.1, 0.12), (40.0, 0.85, 0.12)),
                *((25.0, 0.85, 0.0), (25.0, 0.85, 0.12), (25.0, 0.1, 0.12)),
            )
        ),
    ],
)
def test_nothing_of_a_fast_limb_is_touched(step: float, tone: float, swing: float) -> None:
    lights, limbs = _film(step, tone=tone, swing=swing)
    clip = _clip(lights)
    made, _ = run_stage(REPAIR, clip, engine="classical")
    for number, (frame, limb) in enumerate(zip(made, limbs, strict=True)):
        assert not frame.structure[limb > 0.02].any(), f"part of the limb of frame {number} is gone"
        assert not frame.structure.any(), f"frame {number} was changed where nothing was wrong"


@pytest.mark.parametrize("step", [15.0, pytest.param(25.0, marks=pytest.mark.slow), 40.0])
def test_dirt_on_a_fast_limb_is_mended_from_the_limb_or_left(step: float) -> None:
    lights, limbs = _film(step)
    spoiled = [light.copy() for light in lights]
    spots = []
    for number in range(1, FRAMES - 1):
        rows, columns = np.nonzero(limbs[number] > 0.98)
        pick = len(rows) * (number + 1) // 8
        spot = (int(columns[pick]), int(rows[pick]))
        cv2.circle(spoiled[number], spot, 3, 0.02, -1)
        spots.append((number, spot))
    before, clean = _clip(spoiled), _clip(lights)
    made, _ = run_stage(REPAIR, before, engine="classical")
    assert problems(before, made) == []
    for number, (x, y) in spots:
        box = (slice(y - 4, y + 5), slice(x - 4, x + 5))
        truth = clean.pictures[number].planes[0].astype(float)
        damage = np.abs(before.pictures[number].planes[0] - truth) > 2
        now = made[number].picture.planes[0]
        # Never worse than the dirt was, and no ghost of the ground where the limb is.
        worse = ((now[box] - truth[box]) ** 2).sum()
        assert worse <= ((before.pictures[number].planes[0][box] - truth[box]) ** 2).sum()
        sound = (limbs[number] > 0.02) & (cv2.dilate(damage.astype(np.uint8), np.ones((7, 7))) == 0)
        assert not made[number].structure[sound].any(), f"frame {number}: sound limb was changed"
