"""What the networks compute on: the processor, or a graphics processor that torch can use."""

from __future__ import annotations

from restoration.stages.contract import StageError

DEVICES = ("cpu", "cuda")


def require_device(name: str) -> None:
    """Say what to do before any work is begun on a device that is not there.

    Raises: StageError for an unknown device, or one that this machine does not have.
    """
    if name not in DEVICES:
        raise StageError(f"the device {name!r} is none of {', '.join(DEVICES)}; set DEVICE to one")
    if name == "cpu":
        return
    try:
        import torch
    except ModuleNotFoundError as missing:
        raise StageError(
            f"{missing.name} is not installed, and {name} needs it; set DEVICE=cpu"
        ) from missing
    if not torch.cuda.is_available():
        raise StageError(
            f"torch {torch.__version__} finds no graphics processor here; set DEVICE=cpu, or "
            "install its driver and a build of torch for CUDA"
        )
