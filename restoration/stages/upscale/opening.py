"""Opens the engine that is asked for; torch is imported only where a network is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from restoration import weights
from restoration.stages import kept
from restoration.stages.contract import JSON, StageError
from restoration.stages.upscale.engines import Engine, Resample
from restoration.stages.upscale.params import BASICVSR, NETWORK, STILLS, Params
from restoration.stages.upscale.size import Size

if TYPE_CHECKING:
    from restoration.stages.upscale.rrdb_network import Rrdb


def open_engine(
    params: Params,
    size: Size,
    facts: dict[str, JSON],
    beat: Callable[[], None],
    device: str = "cpu",
) -> Engine:
    """The engine that is asked for.

    Args:
        facts: of the run so far: tiles stay as they were.
        beat: called within frames that take long; may raise `Cancelled`.
        device: what networks compute on, as torch names it.
    Raises: StageError for what is not installed, WeightsError without the weights.
    """
    if params.engine == "resample":
        return Resample(size)
    try:
        return _network(params, size, facts, beat, device)
    except ModuleNotFoundError as missing:
        raise StageError(
            f"{missing.name} is not installed; install it, or take engine=resample"
        ) from missing


def _network(
    params: Params, size: Size, facts: dict[str, JSON], beat: Callable[[], None], device: str
) -> Engine:
    """Raises: ModuleNotFoundError without torch, StageError, WeightsError."""
    from restoration.stages.upscale.compact import Compact, load_compact

    try:
        compact = Compact(
            kept.network(NETWORK, load_compact, device),
            size,
            tile=tile_of(facts) or params.tile,
            halvings=facts.get("tile_halvings", 0),
            device=device,
        )
    except (KeyError, RuntimeError) as error:
        path = weights.find(NETWORK).path
        raise StageError(f"{path} does not hold the network of {NETWORK}: {error}") from error
    if params.engine == "basicvsr":
        from restoration.stages.upscale.basicvsr import Recurrent, on_device

        basicvsr = kept.network(BASICVSR, on_device, device)
        return Recurrent(basicvsr, size, doubter=compact, beat=beat, device=device)
    if params.engine == "model":
        from restoration.stages.upscale.models import open_model

        path = weights.require(params.model)
        return open_model(path, size, doubter=compact, beat=beat, device=device)
    if params.engine in STILLS:
        from restoration.stages.upscale import rrdb

        network = kept.network(STILLS[params.engine], _read_rrdb, device)
        return rrdb.Stills(network, size, doubter=compact, beat=beat, device=device)
    return compact


def _read_rrdb(path: Path, device: str) -> Rrdb:
    from restoration.stages.upscale import rrdb_network

    return rrdb_network.load_rrdb(path).to(device)


def tile_of(facts: dict[str, JSON]) -> int:
    """The side that our own network's tiles have had so far; 0 before the first frame."""
    return int(facts.get("doubt_tile") or facts.get("tile") or 0)
