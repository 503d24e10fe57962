"""Noise goes, the picture stays, grain is kept or drawn anew, and the map says which."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration import weights
from restoration.provenance import Label, check_frame
from restoration.provenance.labels import FrameMap
from restoration.stages.contract import StageFrame
from restoration.stages.denoise import stage as denoise
from restoration.stages.denoise.network import RIM, Denoiser, FfdNet
from restoration.stages.denoise.strength import estimate
from restoration.stages.material import MemoryClip
from tests.restoration.stages.films import scenery

WIDTH, HEIGHT = 61, 44
fetched = pytest.mark.skipif(
    weights.find(denoise.WEIGHTS).state() != "present", reason="weights not fetched"
)


class Blur:
    """In the network's place: takes off what departs from the mean of 3 x 3."""

    def grey(self, plane: np.ndarray, sigma: float) -> np.ndarray:
        padded = np.pad(plane, 1, mode="edge")
        rows, columns = plane.shape
        parts = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
        return np.mean(parts, axis=0).astype(np.float32)

    def colour(self, channels: np.ndarray, sigma: float) -> np.ndarray:
        return np.stack([self.grey(channel, sigma) for channel in channels])


@pytest.fixture
def blur(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoise, "_network", Blur)


def noisy_clip(name: str = "gray", *, sigma: float = 6.0, frames: int = 2) -> MemoryClip:
    pixel = PIXEL_FORMATS[name]
    rng = np.random.default_rng(3)
    light = scenery(3, width=WIDTH, height=HEIGHT)
    pictures = []
    for _ in range(frames):
        planes = []
        for shape in pixel.plane_shapes(width=WIDTH, height=HEIGHT):
            clean = light[: shape[0], : shape[1]] * 0.8 + 0.1
            codes = (clean + rng.normal(0, sigma / 255, shape)) * pixel.peak
            planes.append(np.clip(np.rint(codes), 0, pixel.peak).astype(pixel.dtype))
        pictures.append(Picture(pixel, tuple(planes)))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18)))


def cleaned(clip: MemoryClip, **params: object) -> tuple[list[StageFrame], dict]:
    outcome = denoise.STAGE.run(clip, denoise.STAGE.params(**params), lambda done, total: None)
    return list(outcome.frames), outcome.facts


@pytest.mark.parametrize("name", ["gray", "gray16le", "yuv420p", "yuv422p10le", "gbrp"])
@pytest.mark.usefixtures("blur")
def test_what_changed_is_adjusted_and_nothing_changes_by_more_than_noise_does(name: str) -> None:
    clip = noisy_clip(name)
    made, facts = cleaned(clip, luma=4.0, chroma=2.0)
    pixel = clip.format.pixel
    for frame, picture in zip(made, clip.pictures, strict=True):
        labels = FrameMap(frame.structure, frame.colour)
        assert check_frame(picture, frame.picture, labels) == []
        assert Label.ADJUSTED.value in frame.structure
        assert set(np.unique(frame.structure)) <= {0, Label.ADJUSTED.value}
        if pixel.model != "rgb":
            change = np.abs(frame.picture.planes[0].astype(int) - picture.planes[0].astype(int))
            assert 0 < change.max() <= 12.0 * pixel.peak / 255 + 1
    assert 0 < facts["frames"][0]["mean_change"] <= facts["frames"][0]["largest_change"]


@pytest.mark.usefixtures("blur")
def test_luma_and_chroma_are_cleaned_apart_and_zero_leaves_them() -> None:
    clip = noisy_clip("yuv420p")
    made, _ = cleaned(clip, luma=0, chroma=5)
    assert (made[0].picture.planes[0] == clip.pictures[0].planes[0]).all()
    assert (made[0].picture.planes[1] != clip.pictures[0].planes[1]).any()
    assert not made[0].structure.any() and made[0].colour.any()


@pytest.mark.usefixtures("blur")
def test_grain_is_kept_in_part_or_drawn_anew_and_then_says_so() -> None:
    clip = noisy_clip(frames=1)
    before = clip.pictures[0].planes[0].astype(int)

    def change(**params: object) -> tuple[np.ndarray, StageFrame]:
        (frame,), _ = cleaned(clip, luma=6.0, **params)
        return frame.picture.planes[0].astype(int) - before, frame

    off, _ = change()
    half, kept = change(grain="keep", share=0.5)
    whole, _ = change(grain="keep", share=1.0)
    assert (whole == 0).all()
    assert np.abs(2 * half - off).max() <= 2
    assert Label.SYNTHESISED.value not in kept.structure
    drawn, frame = change(grain="relay", share=1.0)
    again, _ = change(grain="relay", share=1.0)
    assert (drawn == again).all()
    made_up = frame.structure == Label.SYNTHESISED.value
    assert made_up.mean() > 0.5
    assert ((drawn == off) | made_up).all(), "all that the drawn grain changed"
    assert 0.7 < (drawn - off).std() / off.std() < 1.3


@pytest.mark.parametrize("sigma", [2.0, 6.0, 15.0])
def test_the_strength_is_found_in_what_stands_still(sigma: float) -> None:
    rng = np.random.default_rng(1)
    light = np.tile(np.linspace(40, 200, 96), (80, 1))
    planes = [light + rng.normal(0, sigma, light.shape) for _ in range(4)]
    for number, plane in enumerate(planes):  # A third of it moves.
        plane[:, 60:] = np.roll(light[:, 60:] * (number + 1) / 4, number, axis=0)
        plane[:, 60:] += rng.normal(0, sigma, plane[:, 60:].shape)
    assert estimate(planes) == pytest.approx(sigma, rel=0.2)


def test_the_network_sees_no_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(2)
    torch.save(FfdNet().state_dict(), tmp_path / "net.pth")
    network = Denoiser(tmp_path / "net.pth")
    plane = scenery(3, width=75, height=53).astype(np.float32)
    whole = network.grey(plane, 0.05)
    monkeypatch.setattr("restoration.stages.denoise.network.SIDE", 32)
    assert np.abs(network.grey(plane, 0.05) - whole).max() < 1e-5
    assert RIM % 2 == 0 and whole.shape == plane.shape


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    state = FfdNet().state_dict()
    del state["model.0.bias"]
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(RuntimeError, match=r"model\.0\.bias"):
        Denoiser(tmp_path / "net.pth")


@fetched
def test_the_published_weights_take_off_most_of_a_known_noise() -> None:
    clip = noisy_clip("gray", sigma=12.0, frames=2)
    truth = (scenery(3, width=WIDTH, height=HEIGHT) * 0.8 + 0.1) * 255
    made, facts = cleaned(clip)
    before = ((clip.pictures[0].planes[0] - truth) ** 2).mean()
    after = ((made[0].picture.planes[0] - truth) ** 2).mean()
    assert after < 0.35 * before
    assert facts["scenes"][0]["luma"] == pytest.approx(12, rel=0.2)


def test_parameters_out_of_range_are_refused() -> None:
    for params in ({"luma": 60.0}, {"grain": "more"}, {"share": 2.0}, {"chroma": -0.5}):
        with pytest.raises(ValueError, match=next(iter(params))):
            denoise.Params(**params)  # type: ignore[arg-type]
