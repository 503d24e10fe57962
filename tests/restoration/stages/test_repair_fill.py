"""What a repair says of a value holds for that value, also where repairs of two kinds meet."""

from __future__ import annotations

import numpy as np

from archive.media.pixels import PIXEL_FORMATS, Picture
from restoration.provenance import FrameMap, Label, check_frame, check_sources
from restoration.stages.repair.choosing import Neighbour
from restoration.stages.repair.fill import _close, fill_defects
from restoration.stages.repair.line_mend import MendedLines
from restoration.stages.repair.views import Motion, make_view
from tests.restoration.stages.films import HEIGHT, WIDTH, moving, picture_of

CELLS = (HEIGHT // 4, WIDTH // 4)


def test_a_line_under_the_rim_of_a_defect_is_not_said_to_be_copied() -> None:
    """Grains of a copy that touch no defect are put back, to what the line's mending left."""
    scan = picture_of(moving(1)[0])
    other = scan.planes[0].copy()
    other[50, 50] += 9  # what the copy changes beside the defect
    other[60:64, 60:64] += 40  # the defect is that much darker here
    neighbour = make_view(1, Picture(scan.pixel, (other,)))
    still = Motion(
        1,
        np.zeros((*CELLS, 2), np.float32),
        neighbour.codes,
        np.zeros(CELLS, np.float32),
        np.zeros(CELLS, bool),
    )
    core = np.zeros((HEIGHT, WIDTH), bool)
    core[60:64, 60:64] = True
    mask = core.copy()
    mask[45:64, 45:64] = True
    mended = scan.planes[0].copy()
    mended[50, 50] -= 3
    lines = MendedLines([mended], np.zeros_like(core), [])
    source = Neighbour(neighbour, still, np.zeros_like(core))
    made = fill_defects(make_view(0, scan), mask, [source], lines, core=core)
    assert made.picture.planes[0][50, 50] == mended[50, 50]
    assert made.structure[50, 50] == Label.ADJUSTED and made.structure[61, 61] == Label.RECOVERED
    labels = FrameMap(made.structure, made.colour, made.sources)
    assert check_frame(scan, made.picture, labels, frame=0) == []
    assert check_sources(made.picture, labels, lambda offset: neighbour.picture) == []


def test_a_hole_that_is_closed_beside_white_is_no_whiter_than_white() -> None:
    """Telea's method carries the light's slope on: in 16-bit storage nothing stops it at 10 bit."""
    pixel = PIXEL_FORMATS["gray10le"]
    plane = np.full((48, 48), pixel.peak, np.uint16)
    plane[:, :20] = np.linspace(200, pixel.peak, 20).astype(np.uint16)
    hole = np.zeros(plane.shape, bool)
    hole[20:28, 18:26] = True
    plane[hole] = 0
    _close([plane], hole, None, pixel)
    assert plane.max() <= pixel.peak
