"""A run takes no more memory than its stage says, which decides who is given it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.nursery import ENVIRONMENT
from restoration.stages import find_stage
from tests.restoration.stages.films import scenery

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 640, 480
COLOUR, GREY = "gbrp16le", "gray10le"

PROGRAM = """
import json, resource, sys
from pathlib import Path
from restoration.stages import find_stage
from tests.restoration.takes import run_stage

name, params, scan, out, frames = json.loads(sys.argv[1])
run_stage(Path(scan), find_stage(name), Path(out), frames=(0, frames), params=params,
          progress=lambda done, total: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def form_of(pixel: str) -> PictureFormat:
    return PictureFormat(WIDTH, HEIGHT, PIXEL_FORMATS[pixel], Fraction(24))


def film(path: Path, *, frames: int, pixel: str) -> None:
    form = form_of(pixel)
    wide = scenery(5, width=WIDTH + 3 * frames, height=HEIGHT)
    grain = 0.02 * np.random.default_rng(1).standard_normal((HEIGHT, WIDTH))
    with PictureWriter(path, form) as writer:
        for number in range(frames):
            light = wide[:, 3 * number :][:, :WIDTH] + np.roll(grain, 37 * number, (0, 1))
            light[90 : 100 + number, 200:230] = number % 2
            plane = np.rint(light.clip(0, 1) * form.pixel.peak).astype(form.pixel.dtype)
            planes = form.pixel.plane_shapes(width=WIDTH, height=HEIGHT)
            writer.write(Picture(form.pixel, (plane,) * len(planes)))


@pytest.mark.parametrize(
    ("stage", "params", "frames", "pixel"),
    [
        ("deflicker", {}, 24, COLOUR),
        ("grade", {}, 24, COLOUR),
        ("stabilise", {}, 24, COLOUR),
        ("deinterlace", {"first": "top"}, 24, COLOUR),
        ("cuts", {}, 48, COLOUR),
        ("repair", {"engine": "network"}, 12, GREY),
        ("repair", {"engine": "classical"}, 20, COLOUR),
        ("denoise", {}, 2, COLOUR),
        ("colourise", {}, 3, GREY),
        ("upscale", {"scale": 2}, 2, COLOUR),
        ("upscale", {"scale": 4, "engine": "resample"}, 3, COLOUR),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_run_takes_no_more_than_its_stage_says(
    stage: str, params: dict[str, Any], frames: int, pixel: str, tmp_path: Path
) -> None:
    film(tmp_path / "scan.mkv", frames=frames, pixel=pixel)
    order = [stage, params, str(tmp_path / "scan.mkv"), str(tmp_path / "take"), frames]
    threads = {"OMP_NUM_THREADS": "2", "RUN_THREADS": "2"}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(order)],
        env={**ENVIRONMENT, **os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-800:]
    taken = int(ran.stdout.split()[-1])
    found = find_stage(stage)
    size = form_of(pixel).pixel
    shapes = size.plane_shapes(width=WIDTH, height=HEIGHT)
    picture = sum(rows * columns for rows, columns in shapes) * size.dtype.itemsize
    said = found.memory(found.parse(params), WIDTH * HEIGHT, picture) >> 20
    sys.stderr.write(f"\n{stage} {params}: {taken} MiB of {said}\n")
    assert taken <= said
