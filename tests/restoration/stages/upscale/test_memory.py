"""Memory does not grow with the length of a film."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from tests.restoration.stages.films import scenery

pytestmark = pytest.mark.slow

LONG, EARLY, MORE = 1000, 100, 24
"""Frames of the long film, the one after which memory has settled, and MiB it may grow by then."""

ENLARGED = """
import json, sys
from pathlib import Path
from restoration.stages.upscale.stage import STAGE
from tests.restoration.takes import run_stage

held = {{}}

def tell(done, total):
    status = Path("/proc/self/status").read_text()
    held[done] = int(status.split("VmHWM:")[1].split()[0]) // 1024

made = run_stage(Path({scan!r}), STAGE, Path({out!r}), frames=(0, {frames}), progress=tell,
                 params={params!r}, chunks_folder=Path({chunks!r}))
print(json.dumps([held[{early}], held[{frames}], made.manifest["facts"]["consistency_db"]]))
"""


def answer_of(program: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, timeout=900
    )
    assert done.returncode == 0, done.stderr.decode()[-800:]
    return json.loads(done.stdout.decode().splitlines()[-1])


@pytest.mark.parametrize("engine", ["resample", "compact"])
def test_a_thousand_frames_by_four_take_no_more_memory_than_a_hundred(
    engine: str, tmp_path: Path
) -> None:
    width, height = (64, 48) if engine == "resample" else (40, 30)
    wide = scenery(5, width=width + 200, height=height)
    form = PictureFormat(width, height, PIXEL_FORMATS["gray"], Fraction(24))
    with PictureWriter(tmp_path / "scan.mkv", form) as writer:
        for number in range(LONG):
            light = np.ascontiguousarray(wide[:, number % 200 :][:, :width] * 255)
            writer.write(Picture(form.pixel, (np.rint(light).astype(np.uint8),)))
    early, late, given_back = answer_of(
        ENLARGED.format(
            scan=str(tmp_path / "scan.mkv"),
            out=str(tmp_path / "take"),
            chunks=str(tmp_path / "chunks"),
            frames=LONG,
            early=EARLY,
            params={"scale": 4, "engine": engine, "faces": False, "text": False},
        )
    )
    assert late - early <= MORE, f"{early} MiB after {EARLY} frames, {late} after {LONG}"
    assert given_back >= 50
