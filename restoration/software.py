"""Which code, weights and libraries a run of a stage uses: its part of a manifest."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from restoration import manifest, weights
from restoration.manifest import Inputs
from restoration.stages.contract import Stage, Weights

_ROOT = Path(__file__).parent
# What every stage's pixels and labels pass through, besides its own folder.
_SHARED = ("stages/contract.py", "stages/segments.py", "provenance", "imaging", "writing.py")
# Beside the method in a stage's folder, but without a say in what it makes.
_ASIDE = ("bench", "peers", "training", "synthesis", "damage", "damage_lines", "damage_shapes")


def gather_inputs(
    *,
    stage: Stage,
    params: Mapping[str, Any],
    scan_sha256: str,
    start_frame: int,
    end_frame: int,
    marks: Sequence[int] = (),
    input_digest: str | None = None,
) -> Inputs:
    """The inputs of a run with the stage as it is here and now; arguments as in `Inputs`."""
    return Inputs(
        stage=stage.name,
        version=stage.version,
        params=params,
        scan_sha256=scan_sha256,
        start_frame=start_frame,
        end_frame=end_frame,
        code=code_digest(stage),
        weights=stage_weights(stage, params),
        marks=marks,
        input_digest=input_digest,
    )


def run_key(
    *,
    stage: Stage,
    params: Mapping[str, Any],
    scan_sha256: str,
    start_frame: int,
    end_frame: int,
    marks: Sequence[int] = (),
    input_digest: str | None = None,
) -> str:
    """The key of a run with the stage as it is here and now; see `manifest.run_key`."""
    return manifest.run_key(
        gather_inputs(
            stage=stage,
            params=params,
            scan_sha256=scan_sha256,
            start_frame=start_frame,
            end_frame=end_frame,
            marks=marks,
            input_digest=input_digest,
        )
    )


@cache
def code_digest(stage: Stage) -> str:
    """SHA-256 over the sources of the stage's method and of what its labels pass through.

    Comments count too: the digest says which sources ran, not whether they mean the same.
    """
    sources = {f"shared/{name}": data for name, data in _sources(_ROOT, _SHARED)}
    module = Path(str(sys.modules[stage.run.__module__].__file__))
    if _ROOT / "stages" in module.parents:
        sources |= {f"stage/{name}": data for name, data in _sources(module.parent, ("",))}
    else:
        sources[f"stage/{module.name}"] = module.read_bytes()
    digest = hashlib.sha256()
    for name, data in sorted(sources.items()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def stage_weights(stage: Stage, params: Mapping[str, Any]) -> list[Weights]:
    """The weights that a stage loads with these parameters, in its own order.

    Raises: WeightsError if weights.toml does not know one of them; StageError for parameters that
        the stage does not take, or if weights that the user supplied are not there.
    """
    named = stage.weights(stage.parse(params))
    return [
        Weights(each, weights.find(each).sha256) if isinstance(each, str) else each
        for each in named
    ]


def library_versions() -> dict[str, str]:
    """The libraries that touch code values."""
    ffmpeg = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    return {
        "av": av.__version__,
        "numba": version("numba"),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "libavcodec": ffmpeg["libavcodec"],
        "libavformat": ffmpeg["libavformat"],
    }


def _sources(root: Path, names: Iterable[str]) -> Iterable[tuple[str, bytes]]:
    for name in names:
        start = root / name
        found = sorted(start.rglob("*")) if start.is_dir() else [start]
        for path in found:
            if path.suffix in {".py", ".safetensors"} and path.stem not in _ASIDE:
                yield path.relative_to(root).as_posix(), path.read_bytes()
