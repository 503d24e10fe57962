"""How uncertain a colour is, block by block, is recorded with every frame."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from restoration.stages import COLOURISE
from tests.restoration.stages.films import clip_of, moving, run_stage


def grid_of(record: dict) -> np.ndarray:
    doubt = record["doubt"]
    codes = np.frombuffer(zlib.decompress(base64.b64decode(doubt["data"])), np.uint8)
    return codes.reshape(doubt["height"], doubt["width"])


def test_doubt_is_small_on_a_hint_and_whole_where_nothing_was_painted() -> None:
    clip = clip_of(moving(2, step=0.0))
    _, nothing = run_stage(COLOURISE, clip)
    assert (grid_of(nothing["frames"][0]) == 255).mean() > 0.95
    hint = {
        "id": "1",
        "frame": 0,
        "y": 50,
        "x": 70,
        "height": 20,
        "width": 20,
        "rgb": [180, 60, 40],
    }
    _, facts = run_stage(COLOURISE, clip, hints=[hint])
    for record in facts["frames"]:
        grid = grid_of(record)
        assert grid.shape == (48, 64)
        assert grid[22:27, 30:35].mean() < 100 < grid[:6].mean()
