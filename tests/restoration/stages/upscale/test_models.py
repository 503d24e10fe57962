"""A network that spandrel reads enlarges like any other engine, and nothing but tensors is read."""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from restoration import weights
from restoration.stages.contract import StageError
from restoration.stages.upscale.models import LOAD_ERRORS, read_tensors
from restoration.stages.upscale.stage import STAGE
from tests.restoration.stages.upscale.clips import enlarge, small_clip, worst_db

PARAMS = {"engine": "model", "model": "ours", "scale": 2, "tile": 64, "faces": False, "text": False}


def loads() -> bool:
    try:
        import spandrel  # noqa: F401
    except LOAD_ERRORS:
        return False
    return True


needs_spandrel = pytest.mark.skipif(not loads(), reason="needs the optional packages [models]")


def listed(folder: Path, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> str:
    """The archive's list with one network, called ours; its SHA-256."""
    path = folder / "ours.safetensors"
    save_file(state, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {"about": "", "file": path.name, "sha256": sha256, "licence": "MIT"}
    told |= {"training": "none", "source": "none"}
    lines = [f'{name} = "{value}"' for name, value in told.items()]
    (folder / "list.toml").write_text("\n".join(["[ours]", *lines]))
    monkeypatch.setenv(weights.OWN, str(folder / "list.toml"))
    return sha256


def compact(scale: int, channels: int) -> dict[str, Tensor]:
    """A small network of the kind of Real-ESRGAN's compact ones, as its authors' files hold it."""
    torch.manual_seed(3)
    body: list[nn.Module] = [nn.Conv2d(channels, 8, 3, 1, 1), nn.PReLU(8)]
    body += [nn.Conv2d(8, 8, 3, 1, 1), nn.PReLU(8), nn.Conv2d(8, channels * scale**2, 3, 1, 1)]
    made = {f"body.{name}": value for name, value in nn.Sequential(*body).state_dict().items()}
    return {name: (value * 0.3).contiguous() for name, value in made.items()}


@needs_spandrel
@pytest.mark.parametrize(("scale", "channels"), [(2, 3), (4, 1)])
def test_a_network_of_the_archives_own_enlarges_and_gives_back_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: int, channels: int
) -> None:
    sha256 = listed(tmp_path, compact(scale, channels), monkeypatch)
    clip = small_clip(frames=2)
    frames, facts = enlarge(clip, **PARAMS)
    assert len(frames) == 2 and facts["engine"] == "model" and facts["consistency_db"] >= 50
    assert facts["network"] == "RealESRGAN Compact" and facts["spandrel"]
    for made, source in zip(frames, clip.pictures, strict=True):
        assert worst_db(made.picture, source) >= 50
        assert made.heat is not None, "our own network says what error to expect"
    plain, _ = enlarge(clip, engine="resample", scale=2)
    assert (frames[0].picture.planes[0] != plain[0].picture.planes[0]).any()
    assert STAGE.weights(STAGE.params(**PARAMS)) == ("upscale", "ours")
    assert weights.find("ours").sha256 == sha256


@needs_spandrel
@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weight": torch.zeros(3)}, r"ours\.safetensors holds no network that spandrel .* reads"),
        (compact(1, 3), "no network that enlarges pictures"),
    ],
)
def test_what_enlarges_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Tensor], words: str
) -> None:
    listed(tmp_path, state, monkeypatch)
    with pytest.raises(StageError, match=words):
        enlarge(small_clip(frames=1), **PARAMS)


def test_without_spandrel_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(tmp_path, compact(2, 3), monkeypatch)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "spandrel" else find(name)
    )
    with pytest.raises(StageError, match=r"spandrel, which is not installed: \.venv/bin/python -m"):
        enlarge(small_clip(frames=1), **PARAMS)


class Runs:
    """What pickle would call."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("it-ran"),))


def test_a_file_that_would_run_a_program_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Runs()}, tmp_path / "one.pth")
    (tmp_path / "two.pth").write_bytes(pickle.dumps(Runs(), protocol=2))
    (tmp_path / "three.safetensors").write_bytes(pickle.dumps(Runs(), protocol=2))
    for name in ("one.pth", "two.pth", "three.safetensors"):
        with pytest.raises(StageError, match=r"is not loaded: it is damaged, or holds more than"):
            read_tensors(tmp_path / name)
    assert not Path("it-ran").exists()
    with pytest.raises(StageError, match=r"four\.onnx is none of .safetensors"):
        read_tensors(tmp_path / "four.onnx")


def test_the_engine_and_the_name_belong_together() -> None:
    for values in ({"engine": "model"}, {"model": "ours"}):
        with pytest.raises(StageError, match="engine=model and model=NAME belong together"):
            STAGE.parse(values)
