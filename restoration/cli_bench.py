"""`python -m restoration bench`: hand over to the stage's own bench."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any

from restoration.stages import STAGES, find_stage
from restoration.stages.contract import StageError


def run_bench(name: str, data: Path) -> dict[str, Any]:
    """What `restoration/stages/<name>/bench.py` measures on the films in the folder.

    Raises: StageError if there is no such stage, bench or folder.
    """
    stage = find_stage(name)
    if not data.is_dir():
        raise StageError(f"{data} is no folder; name the one that holds the test films")
    module = f"restoration.stages.{stage.name}.bench"
    if importlib.util.find_spec(module) is None:
        benched = [each.name for each in STAGES if _has_bench(each.name)]
        raise StageError(f"{stage.name} has no bench; these have: {', '.join(benched)}")
    measured: dict[str, Any] = importlib.import_module(module).main(data)
    return measured


def describe_bench(name: str, document: dict[str, Any]) -> str:
    """The document for people: the bench's own tables if it has a `describe`, else the JSON."""
    bench = importlib.import_module(f"restoration.stages.{find_stage(name).name}.bench")
    describe = getattr(bench, "describe", None)
    if describe is None:
        return json.dumps(document, indent=2, ensure_ascii=False)
    return str(describe(document))


def _has_bench(name: str) -> bool:
    return importlib.util.find_spec(f"restoration.stages.{name}.bench") is not None
