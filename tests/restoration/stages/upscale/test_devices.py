"""A graphics processor makes what the processor makes, to the rounding of its sums."""

from __future__ import annotations

import numpy as np
import pytest

from restoration import weights
from restoration.stages.upscale import opening
from restoration.stages.upscale.params import BASICVSR, STILLS
from restoration.stages.upscale.stage import STAGE
from tests.restoration.stages.upscale.clips import small_clip, worst_db

pytest.importorskip("torch")
NETWORKS = {"compact": "upscale", "basicvsr": BASICVSR, **STILLS}
PARAMS = {"scale": 2, "tile": 64, "faces": False, "text": False}


def test_the_engine_computes_on_the_clips_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    open_engine = opening.open_engine

    def noted(*given: object) -> object:
        asked.append(given[-1])
        return open_engine(*given[:-1], "cpu")  # type: ignore[arg-type]

    monkeypatch.setattr("restoration.stages.upscale.stage.open_engine", noted)
    clip = small_clip(frames=1)
    clip.device = "cuda"
    list(STAGE.run(clip, STAGE.params(**PARAMS), lambda done, total: None).frames)
    assert asked == ["cuda"]


@pytest.mark.gpu
@pytest.mark.parametrize("engine", sorted(NETWORKS))
def test_a_graphics_processor_makes_what_the_processor_makes(engine: str) -> None:
    if weights.find(NETWORKS[engine]).state() != "present":
        pytest.skip("weights not fetched")
    clip = small_clip(frames=3)
    made = {}
    for device in ("cpu", "cuda"):
        clip.device = device
        params = STAGE.params(**PARAMS, engine=engine)
        made[device] = list(STAGE.run(clip, params, lambda done, total: None).frames)
    for one, other, source in zip(made["cpu"], made["cuda"], clip.pictures, strict=True):
        planes = [frame.picture.planes[0].astype(int) for frame in (one, other)]
        assert np.abs(planes[0] - planes[1]).max() <= 1
        assert worst_db(other.picture, source) >= 50
