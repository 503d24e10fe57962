"""The colour network adds to the spread, begins as the spread, and never touches lightness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from restoration import weights
from restoration.imaging.tones import lightness_of
from restoration.provenance import Label
from restoration.stages import COLOURISE
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.judging import Colourist
from restoration.stages.colourise.network import CHANNELS, STEP, ColourNetwork
from restoration.stages.colourise.scene import Known, Scene
from restoration.stages.colourise.spread import Point, spread_points
from restoration.stages.colourise.stage import NETWORK
from restoration.stages.colourise.training import Schedule, _Run, batch_of
from restoration.stages.colourise.training_samples import draw_sample
from restoration.stages.contract import StageError
from restoration.stages.photographs import photographs
from restoration.stages.segments import Segment
from tests.restoration.stages.films import clip_of, moving, problems, run_stage
from tests.restoration.stages.test_colourise import RED, rgb_form

LIGHT = np.random.default_rng(2).uniform(5, 95, (40, 52)).astype(np.float32)
POINT = Point(10.0, 12.0, 50.0, 30.0, -20.0)


def field() -> Field:
    spread = spread_points(LIGHT, [POINT])
    return Field(spread.ab, spread.certainty, spread.nearest)


def test_before_training_it_gives_the_spread_itself(tmp_path: Path) -> None:
    save_file(ColourNetwork().state_dict(), tmp_path / "new.safetensors")
    made = Colourist(tmp_path / "new.safetensors").improve(LIGHT, field(), [Known(POINT, 0)])
    assert np.array_equal(made.ab, field().ab)


def test_the_shipped_weights_are_small_and_those_that_are_listed() -> None:
    path = weights.require(NETWORK)
    assert path.stat().st_size <= 4_000_000
    assert 600_000 < sum(each.numel() for each in ColourNetwork().parameters()) < 800_000
    made = Colourist(path).improve(LIGHT, field(), [Known(POINT, 0)])
    assert made.ab.shape == (40, 52, 2) and np.isfinite(made.ab).all()
    assert made.evidence.min() >= 0 and made.evidence.max() <= 1
    again = Colourist(path).improve(LIGHT, field(), [Known(POINT, 0)])
    assert np.array_equal(made.ab, again.ab)


@pytest.mark.parametrize("hints", [[], [RED]])
def test_its_colour_is_synthesised_and_lightness_is_kept(hints: list) -> None:
    clip = clip_of(moving(3))
    made, facts = run_stage(COLOURISE, clip, hints=hints, engine="network")
    assert facts["engine"] == "network" and problems(clip, made) == []
    form = rgb_form(clip)
    for before, frame in zip(clip.pictures, made, strict=True):
        off = lightness_of(frame.picture, form) - lightness_of(before, clip.format)
        assert np.abs(off).max() <= 0.5
    painted = sum(int((frame.colour == Label.HUMAN).sum()) for frame in made)
    assert painted == 36 * len(hints)
    assert all((frame.colour != Label.ORIGINAL).all() for frame in made)


@pytest.mark.slow
def test_guesses_for_what_enters_do_not_add_up_over_frames() -> None:
    """A network that always adds red to what it is shown; film that cannot be followed."""

    class Redder:
        def improve(self, lightness: np.ndarray, field: Field, known: list) -> Field:
            return field._replace(ab=field.ab + np.float32([5, 0]))

    noise = np.random.default_rng(1).normal(0, 0.03, (8, *moving(1)[0].shape))
    lights = [np.clip(light + extra, 0, 1) for light, extra in zip(moving(8), noise, strict=True)]
    clip = clip_of(lights)
    scene = Scene(clip, Segment(0, 8), (), proposer=Redder())
    means = [float(field.ab[..., 0].mean()) for _, field in scene.fields()]
    assert max(means) < 8


def photograph() -> np.ndarray:
    rows, columns = np.mgrid[0:200, 0:220]
    parts = (rows + 20, columns, 255 - rows)
    return np.dstack(parts).clip(0, 255).astype(np.uint8)


QUICK = Schedule(steps=4, batch=2, crop=32, warm_up=2, seed=5)


def test_a_sample_shows_only_its_hints_and_wants_its_own_colours() -> None:
    drawn = [draw_sample(photograph(), 48, np.random.default_rng(n)) for n in range(12)]
    assert {sample.planes.shape for sample in drawn} == {(CHANNELS, 48, 48)}
    unhinted = [sample for sample in drawn if not sample.planes[5].any()]
    assert 0 < len(unhinted) < len(drawn)
    for sample in unhinted:
        assert not sample.planes[1:].any() and sample.ab.any()


@pytest.mark.slow
def test_a_training_run_that_was_broken_goes_on_as_one(tmp_path: Path) -> None:
    torch.set_num_threads(1)  # as training does
    pool = [photograph()]
    whole = _Run.begin(tmp_path / "whole.pt", QUICK)
    for _ in range(2):
        whole.advance(pool)
    first = _Run.begin(tmp_path / "parts.pt", QUICK)
    first.advance(pool)
    first.keep()
    second = _Run.begin(tmp_path / "parts.pt", QUICK)
    second.advance(pool)
    for one, two in zip(whole.weights().values(), second.weights().values(), strict=True):
        assert torch.equal(one, two)
    planes, wanted = batch_of(pool, QUICK, 1)
    assert planes.shape == (2, CHANNELS, 32, 32) and wanted.shape == (2, 2, 32, 32)
    assert QUICK.crop % STEP == 0


def test_no_photograph_is_both_trained_on_and_held_out(tmp_path: Path) -> None:
    folder = tmp_path / "stills" / "kodak"
    folder.mkdir(parents=True)
    for number in range(9):
        (folder / f"{number:02}.png").touch()
    kept, held = (photographs(tmp_path, every=4, held_out=held_out) for held_out in (False, True))
    assert [path.name for path in held] == ["00.png", "04.png", "08.png"]
    assert not set(kept) & set(held) and len(kept) + len(held) == 9
    with pytest.raises(StageError, match="no photographs"):
        photographs(folder, every=4, held_out=False)
