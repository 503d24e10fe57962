"""The engine `model`: any network for stills that spandrel reads, from the archive's own weights.

spandrel (optional, `[models]`) tells the architecture by what the file holds. It is handed the
tensors, which are read here as safetensors or with `weights_only=True`: no file runs a program.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from restoration.stages.contract import StageError
from restoration.stages.upscale.compact import Compact
from restoration.stages.upscale.engines import no_beat
from restoration.stages.upscale.rrdb import Stills
from restoration.stages.upscale.size import Size
from restoration.weights import FORMATS

_MISFITS = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError)
"""What an unpickler, or the code of an architecture, raises over tensors that are not its own."""
LOAD_ERRORS = (ImportError, OSError, RuntimeError, AttributeError)
"""What importing spandrel raises where torchvision is missing or of another build than torch."""
_INSTALL = ".venv/bin/python -m pip install -c constraints.txt spandrel"


def open_model(
    path: Path,
    size: Size,
    *,
    doubter: Compact,
    beat: Callable[[], None] = no_beat,
    device: str = "cpu",
) -> Stills:
    """The network in a file whose SHA-256 was checked, as an engine.

    Raises: StageError without spandrel, for a file that it cannot read, or a network that enlarges
        nothing, wants the whole picture at once, or sees other channels than grey or RGB.
    """
    loader = _loader()
    try:
        model = loader.ModelLoader().load_from_state_dict(
            loader.canonicalize_state_dict(read_tensors(path))
        )
    except (loader.UnsupportedModelError, *_MISFITS) as error:
        raise StageError(
            f"{path.name} holds no network that spandrel {_version(loader)} reads: "
            f"{_first_line(error)}"
        ) from error
    _check(model, path, loader)
    model.eval()
    model.to(device)
    return Stills(
        model,
        size,
        doubter=doubter,
        beat=beat,
        factor=model.scale,
        channels=model.input_channels,
        about={"network": model.architecture.name, "spandrel": _version(loader)},
        device=device,
    )


def read_tensors(path: Path) -> dict[str, Any]:
    """The tensors of a file, by name; nothing in it is run.

    Raises: StageError
    """
    if path.suffix.lower() not in FORMATS:
        raise StageError(f"{path.name} is none of {', '.join(FORMATS)}, and is not loaded")
    try:
        if path.suffix.lower() == ".safetensors":
            return dict(load_file(path))
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, OSError, EOFError, *_MISFITS) as error:
        raise StageError(
            f"{path.name} is not loaded: it is damaged, or holds more than tensors "
            f"({_first_line(error)}); save the network's state_dict, best as safetensors"
        ) from error
    if not isinstance(held, dict):
        raise StageError(f"{path.name} holds no tensors by name; save the network's state_dict")
    return held


def _loader() -> Any:
    """spandrel.

    Raises: StageError saying what to install.
    """
    if importlib.util.find_spec("spandrel") is None:
        raise StageError(f"engine=model needs spandrel, which is not installed: {_INSTALL}")
    try:
        import spandrel
    except LOAD_ERRORS as error:
        raise StageError(
            f"spandrel is installed but does not load ({_first_line(error)}). It needs torchvision "
            "of the same build as PyTorch: take both from one index, such as "
            "https://download.pytorch.org/whl/cpu"
        ) from error
    return spandrel


def _check(model: Any, path: Path, loader: Any) -> None:
    name = f"{path.name} ({model.architecture.name})"
    if not isinstance(model, loader.ImageModelDescriptor) or model.scale < 2:
        raise StageError(f"{name} is no network that enlarges pictures; name another")
    if (model.input_channels, model.output_channels) not in ((1, 1), (3, 3)):
        raise StageError(
            f"{name} makes {model.output_channels} channels of {model.input_channels}; one for "
            "grey or three for RGB can be used"
        )
    if model.tiling is not loader.ModelTiling.SUPPORTED:
        raise StageError(
            f"{name} wants the whole picture at once, which no memory is sure to hold; name one "
            "that works in tiles"
        )


def _version(loader: Any) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(loader.__name__)
    except PackageNotFoundError:
        return ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
