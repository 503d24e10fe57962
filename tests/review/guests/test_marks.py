"""The guest's name is in the pictures themselves; for evidence it stands below and covers none."""

from __future__ import annotations

import av
import numpy as np
import pytest

from review.guests.marking import make_mark, unwritable_letter


def grey_frame(width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    return frame


def luma(frame: av.VideoFrame) -> np.ndarray:
    found: np.ndarray = frame.to_ndarray(format="yuv420p")[: frame.height]
    return found


@pytest.mark.parametrize(("width", "height"), [(64, 48), (320, 240), (1280, 720)])
def test_no_part_of_the_picture_is_without_the_name(width, height):
    mark = make_mark(width, height, name="Ada Byron", words="For review by Ada Byron", covers=True)
    marked = luma(mark.put_on(grey_frame(width, height)))
    changed = np.abs(marked.astype(int) - 128) > 8
    assert marked.shape == (height, width)
    for rows in np.array_split(changed, 3):
        for part in np.array_split(rows, 2, axis=1):
            assert part.mean() > 0.02, "cut out, this part would bear no name"
    upper = changed[: height // 2]
    assert upper.mean() < 0.6, "what is judged must still be seen"


@pytest.mark.parametrize("height", [16, 48, 240, 720])
def test_a_band_below_leaves_every_code_value_alone(height):
    width = height * 4 // 3 // 2 * 2
    mark = make_mark(width, height, name="Ada", words="For review by Ada", covers=False)
    marked = luma(mark.put_on(grey_frame(width, height)))
    assert mark.band % 4 == 0 and marked.shape == (height + mark.band, width)
    assert np.array_equal(marked[:height], luma(grey_frame(width, height)))
    assert marked[height:].std() > 5, "the words are there"


def test_two_guests_have_different_pictures():
    first, second = (
        luma(make_mark(320, 240, name=name, words=name, covers=True).put_on(grey_frame(320, 240)))
        for name in ("Ada Byron", "Bea Webb")
    )
    assert (first != second).mean() > 0.01


def test_a_letter_that_cannot_be_drawn_is_named():
    assert unwritable_letter("Zoë Łuczak, Ἀριστοτέλης") == ""
    assert unwritable_letter("Ada \U0001f3a5") == "\U0001f3a5"
