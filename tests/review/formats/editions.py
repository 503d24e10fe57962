"""Editions for tests of timelines: values alone, with no files behind them."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.timecode import frames_of_timecode
from restoration.provenance import Label, Totals
from review.formats.edition import (
    Decision,
    Edition,
    EditionScan,
    EditionScene,
    EditionTake,
    Treatment,
)

NONE = dict.fromkeys(Label, 0)
TOTALS = Totals(
    NONE | {Label.ORIGINAL: 90, Label.RECOVERED: 10}, NONE | {Label.ORIGINAL: 100}, 100
).as_json()


def make_edition(
    rate: Fraction, *, start: str = "", cuts: tuple[int, ...] = (0, 37, 200)
) -> Edition:
    scan = EditionScan(
        path=Path("/films/harbour day.mkv"),
        sha256="a" * 64,
        frames=cuts[-1],
        rate=rate,
        variable_rate=False,
        start_timecode=start,
        start_count=frames_of_timecode(start, rate) if start else 0,
        width=64,
        height=48,
        pixel_format="gray",
        audio=({"codec": "pcm_s16le"}, {"codec": "flac"}),
        table=None,
    )
    scenes = tuple(
        EditionScene(
            number=number,
            kind="shot",
            start_frame=first,
            end_frame=last,
            take=make_take(number, rate),
            decision=Decision("Anna", "2026-11-22T10:00:00+00:00", f"{number}" * 64, "fine"),
        )
        for number, (first, last) in enumerate(itertools.pairwise(cuts), start=1)
    )
    return Edition("Harbour Day", "reel 1", "exhibition", scan, scenes)


def make_take(number: int, rate: Fraction) -> EditionTake:
    return EditionTake(
        stage="repair",
        number=number,
        digest=f"{number}" * 64,
        picture=Path(f"/takes/{number}/picture.mkv"),
        picture_sha256="c" * 64,
        framemd5="d" * 64,
        provenance=Path(f"/takes/{number}/map.mkv"),
        provenance_sha256="e" * 64,
        totals=TOTALS,
        treatments=tuple(make_treatment(stage, number) for stage in ("deflicker", "repair")),
        form=PictureFormat(64, 48, PIXEL_FORMATS["gray"], rate),
    )


def make_treatment(stage: str, number: int) -> Treatment:
    facts = Path(f"/takes/{number}/{stage}/facts.json")
    return Treatment(stage, number, f"{number}" * 64, "7", "b" * 64, (), {"strength": 1}, facts, "")
