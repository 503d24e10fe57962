"""`python -m restoration train`: hand over to the stage's own training."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from restoration.stages import STAGES, find_stage
from restoration.stages.contract import StageError


def run_training(name: str, data: Path, out: Path, *, work: Path, steps: int | None) -> Any:
    """Train the stage's network on the films in the folder; goes on from what `work` holds.

    Raises: StageError if there is no such stage, network or folder.
    """
    stage = find_stage(name)
    if not data.is_dir():
        raise StageError(f"{data} is no folder; name the one that holds the films to train on")
    if not out.parent.is_dir():
        raise StageError(f"{out.parent} is no folder; make it, or name another place for the file")
    if not _can_train(stage.name):
        trained = [each.name for each in STAGES if _can_train(each.name)]
        raise StageError(f"{stage.name} is not trained; these are: {', '.join(trained)}")
    training = importlib.import_module(f"restoration.stages.{stage.name}.training")
    schedule = training.Schedule() if steps is None else training.Schedule(steps=steps)
    work.mkdir(parents=True, exist_ok=True)
    return training.train(data, out, work, schedule, _tell)


def _can_train(name: str) -> bool:
    return importlib.util.find_spec(f"restoration.stages.{name}.training") is not None


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
