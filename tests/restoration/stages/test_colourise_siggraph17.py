"""The published network, whose file an archive may supply, works under the stage's own contract."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from restoration.execution import Order, TakeFiles, execute
from restoration.imaging.colour import to_lab
from restoration.imaging.tones import lightness_of, to_srgb
from restoration.mapfile import MapReader
from restoration.provenance import Label
from restoration.stages import COLOURISE
from restoration.stages.colourise import siggraph17
from restoration.stages.contract import StageError
from tests.restoration.stages.films import HEIGHT, WIDTH, clip_of, moving, run_stage
from tests.restoration.stages.test_colourise import RED

_CONV = {  # layer: (number in the block, (out, in, kernel)) as the published checkpoint has them
    "model1": [(0, 64, 4, 3), (2, 64, 64, 3)],
    "model2": [(0, 128, 64, 3), (2, 128, 128, 3)],
    "model3": [(0, 256, 128, 3), (2, 256, 256, 3), (4, 256, 256, 3)],
    "model4": [(0, 512, 256, 3), (2, 512, 512, 3), (4, 512, 512, 3)],
    "model5": [(0, 512, 512, 3), (2, 512, 512, 3), (4, 512, 512, 3)],
    "model6": [(0, 512, 512, 3), (2, 512, 512, 3), (4, 512, 512, 3)],
    "model7": [(0, 512, 512, 3), (2, 512, 512, 3), (4, 512, 512, 3)],
    "model8": [(1, 256, 256, 3), (3, 256, 256, 3)],
    "model9": [(1, 128, 128, 3)],
    "model10": [(1, 128, 128, 3)],
    "model3short8": [(0, 256, 256, 3)],
    "model2short9": [(0, 128, 128, 3)],
    "model1short10": [(0, 128, 64, 3)],
    "model_class": [(0, 529, 256, 1)],
    "model_out": [(0, 2, 128, 1)],
}
_UP = {"model8up": (512, 256), "model9up": (256, 128), "model10up": (128, 128)}
_NORM = {"model1": 4, "model2": 4, "model8": 5, "model9": 3} | {f"model{n}": 6 for n in range(3, 8)}


def published() -> dict[str, tuple[int, ...]]:
    """Every key of siggraph17-df00044c.pth with its shape."""
    keys: dict[str, tuple[int, ...]] = {}
    for name, layers in _CONV.items():
        for at, out, into, kernel in layers:
            keys[f"{name}.{at}.weight"] = (out, into, kernel, kernel)
            keys[f"{name}.{at}.bias"] = (out,)
    for name, (into, out) in _UP.items():
        keys[f"{name}.0.weight"], keys[f"{name}.0.bias"] = (into, out, 4, 4), (out,)
    for name, at in _NORM.items():
        width = _CONV[name][-1][1]
        for part in ("weight", "bias", "running_mean", "running_var"):
            keys[f"{name}.{at}.{part}"] = (width,)
        keys[f"{name}.{at}.num_batches_tracked"] = ()
    return keys


def test_the_published_networks_keys_and_shapes_are_those_of_its_checkpoint() -> None:
    with torch.device("meta"):
        network = siggraph17.Siggraph17()
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == published()


def test_a_supplied_file_is_asked_for_by_name_and_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clip_of(moving(1))
    monkeypatch.delenv(siggraph17.SETTING, raising=False)
    with pytest.raises(StageError, match=f"set {siggraph17.SETTING}"):
        run_stage(COLOURISE, clip, engine="siggraph17")
    path = tmp_path / "siggraph17.pth"
    torch.save({"model1.0.weight": torch.zeros(1)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setenv(siggraph17.SETTING, str(path))
    with pytest.raises(StageError, match=f"has the SHA-256 {digest}"):
        run_stage(COLOURISE, clip, engine="siggraph17")
    with pytest.raises(StageError, match="is no checkpoint of siggraph17"):
        run_stage(COLOURISE, clip, engine="siggraph17", checkpoint=digest)


GUESS = (0.3, -0.2)
"""What the network below makes of every pixel, of 110 and before the hyperbolic tangent."""


def supply(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A checkpoint with all published keys and shapes, that knows one colour; its digest.

    Each weight is one number in the file, spread over its shape: 34 million would take a second.
    """
    held = {key: torch.zeros(()).expand(shape) for key, shape in published().items()}
    held |= {key: torch.ones(()).expand(held[key].shape) for key in held if "running_var" in key}
    held["model_out.0.bias"] = torch.tensor(GUESS)
    path = folder / "siggraph17-df00044c.pth"
    torch.save(held, path)
    monkeypatch.setenv(siggraph17.SETTING, str(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_its_take_keeps_lightness_obeys_hints_and_names_the_file_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, clip = supply(tmp_path, monkeypatch), clip_of(moving(1))
    with PictureWriter(tmp_path / "scan.mkv", clip.format) as writer:
        writer.write(clip.pictures[0])
    params = {"engine": "siggraph17", "checkpoint": digest, "hints": [RED | {"frame": 0}]}
    order = Order(
        tmp_path / "scan.mkv", "0" * 64, "colourise", 0, 1, tmp_path / "take", Fraction(18),
        params=params,
    )  # fmt: skip
    execute(order, lambda done, total: None)
    files = TakeFiles(tmp_path / "take")
    manifest = json.loads(files.manifest.read_text())
    assert manifest["weights"] == [{"name": "siggraph17", "sha256": digest}]
    assert json.loads(files.facts.read_text())["engine"] == "siggraph17"
    painted = np.zeros((HEIGHT, WIDTH), bool)
    painted[RED["y"] : RED["y"] + RED["height"], RED["x"] : RED["x"] + RED["width"]] = True
    (labels,) = MapReader(files.map).frames()
    assert np.array_equal(labels.colour == Label.HUMAN, painted)
    assert np.all(labels.colour[~painted] == Label.SYNTHESISED)
    with open_source(files.picture) as take:
        lab = to_lab(to_srgb(next(take.frames()), take.format))
    assert np.abs(lab[..., 0] - lightness_of(clip.pictures[0], clip.format)).max() <= 0.5
    asked = to_lab(np.array(RED["rgb"], np.float32) / 255)[1:]
    assert np.abs(lab[painted][:, 1:] - asked).max() < 2
    away = np.median(lab[60:, :40, 1:].reshape(-1, 2), axis=0)
    assert np.abs(away - 110 * np.tanh(GUESS)).max() < 1, "its own guess"


class Unwanted:
    """What a file can hold that would run a program when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


def test_a_file_that_would_run_a_program_is_refused_and_runs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "siggraph17.pth"
    torch.save({"model1.0.weight": Unwanted(tmp_path / "ran")}, path)
    torch.load(path, weights_only=False)
    assert (tmp_path / "ran").exists(), "or this would show nothing"
    (tmp_path / "ran").unlink()
    monkeypatch.setenv(siggraph17.SETTING, str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(StageError, match="is no checkpoint of siggraph17"):
        run_stage(COLOURISE, clip_of(moving(1)), engine="siggraph17", checkpoint=digest)
    assert not (tmp_path / "ran").exists()
