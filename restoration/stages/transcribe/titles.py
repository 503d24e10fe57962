"""Intertitles as lines: what stands on a card is a line for as long as the card is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from restoration.imaging.luma import analysis_luma, eight_bit
from restoration.speech.transcript import Line, sample_of_frame, spread
from restoration.stages.contract import Clip, Progress
from restoration.stages.transcribe.lettering import LetterReader, Row
from restoration.writing import Luma

ENGINE = "PP-OCR v4"
_LOOKS = 5
"""Frames of a card that one still picture is made from: their median has no dirt."""
_SETTLED = 5
"""One part of so many at a card's start and end, where it may still fade or dissolve."""
_HARD = 0.85
"""Confidence below which a card is flagged; letters by hand reach 0.45 to 0.8."""


def read_titles(
    clip: Clip, titles: Sequence[Sequence[int]], reader: LetterReader, progress: Progress
) -> list[Line]:
    """A line for each card on which something could be read.

    Args:
        titles: frames [start, stop) of each card, in the clip's numbers.
    """
    found = []
    for number, (start, stop) in enumerate(titles, start=1):
        rows = reader.rows(_still(clip, start, stop))
        if rows:
            found.append(_line(clip, start, stop, rows))
        progress(number, len(titles))
    return found


def _still(clip: Clip, start: int, stop: int) -> Luma:
    """(H, W): the median of some frames from the middle of the card, its contrast stretched."""
    edge = (stop - start) // _SETTLED
    first, last = start + edge, max(start + edge + 1, stop - edge)
    wanted = sorted({int(n) for n in np.linspace(first, last - 1, _LOOKS)})
    seen = [
        eight_bit(analysis_luma(picture))
        for number in wanted
        for picture in clip.frames(number, number + 1)
    ]
    still = np.median(np.stack(seen), axis=0).astype(np.float32)
    low, high = np.percentile(still, (1, 99.5))
    stretched = (still - low) * (255.0 / max(float(high - low), 16.0))
    luma = eight_bit(np.asarray(stretched, np.float32))
    # The networks were trained on dark letters for the most part; light ones are read as well.
    return np.asarray(cv2.bitwise_not(luma) if np.median(luma) < 128 else luma, np.uint8)


def _line(clip: Clip, start: int, stop: int, rows: Sequence[Row]) -> Line:
    begins, ends = (
        sample_of_frame(number - clip.start_frame, clip.format.rate) for number in (start, stop)
    )
    text = _joined([row.text for row in rows])
    letters = sum(len(row.text) for row in rows)
    sure = sum(row.confidence * len(row.text) for row in rows) / letters
    words = tuple(replace(word, confidence=round(sure, 3)) for word in spread(text, begins, ends))
    doubts = ("the letters are hard to read",) if sure < _HARD else ()
    return Line(words, begins, ends, kind="intertitle", engine=ENGINE, doubts=doubts)


def _joined(rows: Sequence[str]) -> str:
    """Rows as one text; a word that was parted at the end of a row is whole again."""
    text = ""
    for row in rows:
        parted = text.endswith("-") and len(text) > 1 and text[-2].isalpha() and row[:1].islower()
        text = text[:-1] + row if parted else f"{text} {row}".strip()
    return text
