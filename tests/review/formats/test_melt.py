"""melt, an editing engine of others, renders the timeline: every frame by its burned-in number."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from fixtures.clips import numbered_picture, read_number
from review.formats.edition import Edition
from review.formats.timeline import Shot, of_title
from review.formats.timelines import write_all, write_timelines
from tests.review.formats.editions import make_edition
from tests.review.formats.mixed import NAMED, STARTS, nearest, reel
from tests.review.formats.mixed import RATES as ALL_RATES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("melt") is None, reason="melt is not there: apt-get install melt (355 MB)"
    ),
]

CUTS = (0, 7, 19, 20, 44)
RATES = [
    Fraction(16), Fraction(18), Fraction(24000, 1001), Fraction(24), Fraction(25),
    Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001),
]  # fmt: skip
WIDTH, HEIGHT = 160, 120
GAP = range(7, 19)


def write_numbered(path: Path, frames: range, rate: Fraction) -> Path:
    form = PictureFormat(WIDTH, HEIGHT, PIXEL_FORMATS["gray"], rate)
    with PictureWriter(path, form) as writer:
        for number in frames:
            writer.write(numbered_picture(number, width=WIDTH, height=HEIGHT))
    return path


def numbered_edition(folder: Path, rate: Fraction) -> Edition:
    """Three scenes with real takes and a gap of 12 frames where the second would be."""
    edition = make_edition(rate, cuts=CUTS)
    scenes = []
    for scene in (edition.scenes[0], *edition.scenes[2:]):
        path = folder / f"scene {scene.number}.mkv"
        write_numbered(path, range(scene.start_frame, scene.end_frame), rate)
        form = PictureFormat(WIDTH, HEIGHT, PIXEL_FORMATS["gray"], rate)
        scenes.append(replace(scene, take=replace(scene.take, picture=path, form=form)))
    return replace(edition, scenes=tuple(scenes), scan=replace(edition.scan, audio=()))


def rendered(timeline: Path) -> Iterator[int | None]:
    """The number in each frame that melt makes; None where the picture is black."""
    out = timeline.with_name("rendered.mkv")
    done = subprocess.run(
        ["melt", timeline.name, "-consumer", f"avformat:{out}", "vcodec=ffv1", "an=1",
         "pix_fmt=gray", "real_time=-1"],
        cwd=timeline.parent, capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "SDL_VIDEODRIVER": "dummy"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    with av.open(str(out)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            assert luma.shape == (HEIGHT, WIDTH)
            yield read_number(luma) if luma.max() > 60 else None


@pytest.mark.parametrize("with_master", [False, True], ids=["takes", "master"])
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_frame_is_the_right_one(tmp_path: Path, rate: Fraction, with_master: bool) -> None:
    edition = numbered_edition(tmp_path, rate)
    master = None
    if with_master:
        path = write_numbered(tmp_path / "master.mkv", range(CUTS[-1]), rate)
        master = (path, "f" * 64)
    write_timelines(tmp_path, edition, ["mlt"], master=master)
    wanted = [None if frame in GAP else frame for frame in range(CUTS[-1])]
    assert list(rendered(tmp_path / "timeline.mlt")) == wanted


TITLE = ((0, 5, 9), (0, 7, 19, 20, 44), (0, 6))
"""Cuts of three reels, the one between at another rate."""
PAIRS = [*NAMED, *((rate, "24") for rate in ALL_RATES if rate != "24")]


def with_pictures(folder: Path, edition: Edition) -> Edition:
    rate, scenes = edition.scan.rate, []
    form = PictureFormat(WIDTH, HEIGHT, PIXEL_FORMATS["gray"], rate)
    for scene in edition.scenes:
        path = folder / scene.take.picture.name
        write_numbered(path, range(scene.start_frame, scene.end_frame), rate)
        scenes.append(replace(scene, take=replace(scene.take, picture=path, form=form)))
    return replace(edition, scenes=tuple(scenes), scan=replace(edition.scan, audio=()))


@pytest.mark.parametrize(("rate", "other"), PAIRS, ids=str)
@pytest.mark.parametrize("start", STARTS)
def test_reels_of_several_rates_show_the_frame_of_that_time(
    tmp_path: Path, rate: str, other: str, start: str
) -> None:
    """Every frame, and so the first and last of every clip: that which begins nearest."""
    names = (rate, other, rate)
    editions = [
        with_pictures(tmp_path, reel(number, name, start, cuts))
        for number, (name, cuts) in enumerate(zip(names, TITLE, strict=True), start=1)
    ]
    timeline = of_title(editions, ALL_RATES[rate][0])
    write_all(tmp_path, timeline, ["mlt"])
    shown, wanted = list(rendered(tmp_path / "timeline.mlt")), []
    for _, item in timeline.items:
        assert isinstance(item, Shot)
        first, end = timeline.span(item)
        within = (nearest((n - first) / timeline.rate, item.media.rate) for n in range(first, end))
        wanted += [item.record + min(frame, item.frames - 1) for frame in within]
    assert shown == wanted and len(shown) == timeline.frames
