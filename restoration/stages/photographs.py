"""Which photographs of a folder of data are trained on, and which are held out."""

from __future__ import annotations

from pathlib import Path

from restoration.stages.contract import StageError

FOLDERS = ("kodak", "people", "wallpapers")
"""Below `stills/`."""


def photographs(data: Path, *, every: int, held_out: bool) -> list[Path]:
    """Photographs to train on, or those never trained on, sorted by folder and name.

    Args:
        every: of each folder, by name, the first is never trained on, nor every so many after it.

    Raises: StageError if the folder holds none.
    """
    chosen = []
    for folder in FOLDERS:
        names = sorted((data / "stills" / folder).glob("*.*g"))
        chosen += [path for n, path in enumerate(names) if (n % every == 0) is held_out]
    if not chosen:
        raise StageError(
            f"{data} has no photographs in stills/{', stills/'.join(FOLDERS)}; name the folder of "
            "training data"
        )
    return chosen
