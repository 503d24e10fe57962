"""Draws what repair does to the demo reel, before, after, truth and map. In the checkout

    PYTHONPATH=. .venv/bin/python docs/pictures/make_repair_sheet.py

The reel is made first, in var/demo, if it is not there. Repair reads the scan itself, without
deflicker before it, so that blue (ADJUSTED) shows only what repair adjusted.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from archive.media.decode import open_source
from fixtures.newsreel.reel import make_newsreel
from fixtures.newsreel.truth import clean_frames
from restoration.clip import StageClip
from restoration.imaging.luma import analysis_luma
from restoration.stages import find_stage
from restoration.stages.repair.bench_sheet import Shown, write_sheet

HERE = Path(__file__).parent
SHOWN = (("coffee", 186), ("astronaut", 340), ("cameraman, with a standing scratch", 66))
REACH = 8
"""Frames to each side that repair may look at."""


def shown(film: Path, folder: Path, words: str, frame: int) -> Shown:
    """One frame in four states."""
    truth = next(islice(clean_frames(folder), frame, None))
    with open_source(film) as source:
        clip = StageClip(source, start_frame=frame - REACH, end_frame=frame + REACH + 1)
        before = analysis_luma(clip.frame(frame))
        repair = find_stage("repair")
        outcome = repair.run(clip, repair.params(), lambda done, total: None)
        made = list(outcome.frames)[REACH]
        clip.close()
    return Shown(
        f"{words}, frame {frame}",
        before,
        analysis_luma(made.picture),
        truth.astype(np.float32),
        made.structure,
    )


def main() -> None:
    reel = make_newsreel(Path("var/demo"))
    out = HERE / "demo-repair.png"
    write_sheet(out, [shown(reel.path, reel.truth_folder, *row) for row in SHOWN], [])
    # Three quarters of the size: it is read on a page.
    sheet = cv2.imread(str(out))
    if sheet is not None:
        smaller = cv2.resize(sheet, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(out), smaller, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
