"""`python -m restoration bench`: hand over to the stage's own bench."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
from pathlib import Path
from typing import Any

from restoration.stages import STAGES, find_stage
from restoration.stages.contract import StageError


def run_bench(name: str, data: Path, **options: Any) -> dict[str, Any]:
    """What `restoration/stages/<name>/bench.py` measures on the films in the folder.

    Args:
        options: For the bench's `main`; those that are None were not asked for.

    Raises: StageError if there is no such stage, bench, folder or option.
    """
    stage = find_stage(name)
    if not data.is_dir():
        raise StageError(f"{data} is no folder; name the one that holds the test films")
    module = f"restoration.stages.{stage.name}.bench"
    if importlib.util.find_spec(module) is None:
        benched = [each.name for each in STAGES if _has_bench(each.name)]
        raise StageError(f"{stage.name} has no bench; these have: {', '.join(benched)}")
    bench = importlib.import_module(module).main
    given = {option: value for option, value in options.items() if value is not None}
    strange = sorted(set(given) - set(inspect.signature(bench).parameters))
    if strange:
        raise StageError(f"the bench of {stage.name} takes no --{', --'.join(strange)}")
    measured: dict[str, Any] = bench(data, **given)
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
