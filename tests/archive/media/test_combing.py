"""Film of two fields is told from film of whole frames by its combs, also where no file says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archive.media.combing import combed_blocks
from archive.media.encode import PictureWriter
from archive.media.probe import probe
from tests.restoration.stages.films import clip_of, moving


def woven(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Every two moments as the fields of one frame, top first."""
    made = []
    for early, late in zip(frames[::2], frames[1::2], strict=True):
        both = early.copy()
        both[1::2] = late[1::2]
        made.append(both)
    return made


@pytest.mark.parametrize("grain", [0.0, 8.0])
def test_combs_are_seen_where_fields_show_two_moments_and_not_in_grain(grain: float) -> None:
    rng = np.random.default_rng(2)

    def codes(light: np.ndarray) -> np.ndarray:
        noisy = 255 * light + grain * rng.standard_normal(light.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)

    moments = moving(8, step=3.0)
    whole, fields = ([codes(light) for light in each] for each in (moments, woven(moments)))
    assert combed_blocks(whole[1], whole[0], peak=255) == 0
    assert combed_blocks(fields[1], fields[0], peak=255) >= 10
    assert combed_blocks(fields[1], fields[1], peak=255) == 0, "what stands still makes no combs"
    deep = [frame.astype(np.uint16) * 257 for frame in fields[:2]]
    assert combed_blocks(deep[1], deep[0], peak=65535) >= 10
    assert combed_blocks(whole[0][:3], whole[1][:3], peak=255) == 0


@pytest.mark.parametrize(("interlaced", "told"), [(True, "unknown"), (False, "progressive")])
def test_a_file_that_says_nothing_of_fields_is_looked_at(
    tmp_path: Path, interlaced: bool, told: str
) -> None:
    moments = moving(76, step=2.0)
    clip = clip_of(woven(moments) if interlaced else moments[:38])
    path = tmp_path / "film.mkv"
    with PictureWriter(path, clip.format) as writer:
        for picture in clip.pictures:
            writer.write(picture)
    found = probe(path)
    assert found.field_order == told
    assert any("show combs" in warning for warning in found.warnings) == interlaced
