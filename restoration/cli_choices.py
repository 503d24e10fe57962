"""What a command line asks of stages: which, with what parameters, at which cuts."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from archive.fixity import sha256_file
from restoration.stages import STAGES, find_stage
from restoration.stages.contract import Stage, StageError


def choose_stages(names: str) -> list[Stage]:
    """The stages of a comma-separated list, in the order given.

    Raises: StageError for an unknown stage, one that makes no pictures, none at all, or one after
        a stage that enlarges.
    """
    chosen = [find_stage(name.strip()) for name in names.split(",") if name.strip()]
    if not chosen:
        raise StageError(f"name at least one stage: {', '.join(picture_stages())}")
    for stage in chosen:
        if stage.makes != "pictures":
            raise StageError(
                f"{stage.name} makes no pictures; choose from: {', '.join(picture_stages())} "
                f"(or run: python -m restoration {stage.name} IN)"
            )
    _refuse_after_enlarging(chosen)
    return chosen


def _refuse_after_enlarging(stages: Sequence[Stage]) -> None:
    """Hints and regions are places of the scan: on a larger picture they would lie elsewhere.

    Raises: StageError if a stage comes after `upscale`.
    """
    names = [stage.name for stage in stages]
    if "upscale" not in names[:-1]:
        return
    rest = [name for name in names if name != "upscale"]
    order = ",".join([*rest, "upscale"])
    raise StageError(
        "upscale comes last, and once, because what people draw lies on the scan's own pixels; "
        f"write --stage {order}"
    )


def picture_stages() -> list[str]:
    """Names of the stages that can restore."""
    return [stage.name for stage in STAGES if stage.makes == "pictures"]


def assign_params(pairs: Sequence[str], stages: Sequence[Stage]) -> dict[str, dict[str, Any]]:
    """Give each KEY=VALUE to every stage that knows the key, each STAGE.KEY=VALUE to that one.

    The values are checked as far as the stages can do it without pictures.

    Raises: StageError for what is no pair, and for keys that none of the stages knows.
    """
    given: dict[str, dict[str, Any]] = {stage.name: {} for stage in stages}
    known = {stage.name: {field.name for field in fields(stage.params)} for stage in stages}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise StageError(f"{pair!r} is no parameter; write KEY=VALUE or STAGE.KEY=VALUE")
        named, dot, rest = key.partition(".")
        takers = [named] if dot else [name for name, names in known.items() if key in names]
        if not takers or takers[0] not in given:
            listed = "; ".join(f"{name}: {', '.join(sorted(of))}" for name, of in known.items())
            raise StageError(f"no stage here has a parameter {key}; they have {listed}")
        for taker in takers:
            given[taker][rest if dot else key] = value
    for stage in stages:
        stage.parse(given[stage.name])
    return given


def protect_regions(
    params: dict[str, dict[str, Any]], path: Path, stages: Sequence[Stage]
) -> dict[str, dict[str, Any]]:
    """The parameters with the regions of a file, for the stages that know `protect`.

    Raises: StageError if none of them does, or the file holds no regions.
    """
    takers = [
        stage for stage in stages if "protect" in {entry.name for entry in fields(stage.params)}
    ]
    if not takers:
        raise StageError("--protect is for repair, which is not among the stages here")
    try:
        regions = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StageError(f"the regions in {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StageError(f"{path} is no JSON ({error}); wanted is a list of regions") from error
    given = dict(params)
    for stage in takers:
        given[stage.name] = {**params.get(stage.name, {}), "protect": regions}
        stage.parse(given[stage.name])
    return given


def name_person(given: str | None) -> str:
    """Whose choice it is that becomes HUMAN: the person of `--by`, else who is logged in.

    Raises: StageError if neither is named.
    """
    try:
        name = getpass.getuser() if given is None else given.strip()
    except (ImportError, KeyError, OSError):
        name = ""
    if not name:
        raise StageError("what a person chose carries the person's name: give it as --by NAME")
    return name


def correct_by_cdl(
    params: dict[str, dict[str, Any]], path: Path, stages: Sequence[Stage], *, by: str
) -> dict[str, dict[str, Any]]:
    """The parameters with the correction of an ASC CDL file, over every frame.

    Args:
        by: The person who chose it.

    Raises: StageError if grade is not among the stages, or the file holds no correction.
    """
    from restoration.stages.grade.cdl_file import CdlFileError, read_cdl

    if "grade" not in {stage.name for stage in stages}:
        raise StageError("--cdl is for grade, which is not among the stages here")
    try:
        cdl = read_cdl(path.read_bytes())
    except OSError as error:
        raise StageError(f"the correction in {path} cannot be read: {error.strerror}") from error
    except CdlFileError as error:
        raise StageError(f"{path}: {error}") from error
    correction = {"id": path.name, **cdl.as_json(), "by": by}
    return {**params, "grade": {**params.get("grade", {}), "corrections": [correction]}}


def read_hints(path: Path, stages: Sequence[Stage], *, by: str) -> list[dict[str, Any]]:
    """Painted patches from a file, as the stages' parameter `hints` has them.

    The file's `{"hints": [{"frame": 0, "x": 120, "y": 80, "size": 6, "rgb": "#c8785a"}]}` gives the
    centre of a square patch; `frame` counts from the film's first. What the parameter itself holds
    (`height` and `width` instead of `size`, x and y then the top left) is taken as it is.

    Args:
        by: The person who painted those that name nobody in `by`.

    Raises: StageError if no stage here takes hints, or the file holds none.
    """
    if not takes_hints(stages):
        raise StageError("--hints is for colourise, which is not among the stages here")
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["hints"]
        return [_hint(number, dict(hint), by) for number, hint in enumerate(listed, start=1)]
    except OSError as error:
        raise StageError(f"the hints in {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StageError(
            f'{path} holds no hints ({error!r}); wanted is {{"hints": [{{"frame": 0, "x": 120, '
            '"y": 80, "size": 6, "rgb": "#c8785a"}]}'
        ) from error


def read_references(path: Path) -> list[dict[str, Any]]:
    """The hints file's stills in colour, `"references": [{"frame": 0, "path": "coat.png"}]`.

    A path counts from the file's own folder; the still's SHA-256 is added.

    Raises: StageError if one cannot be read.
    """
    listed = json.loads(path.read_text(encoding="utf-8")).get("references", [])
    found = []
    for reference in listed:
        still = (path.parent / str(reference.get("path"))).resolve()
        if not still.is_file():
            raise StageError(f"{path} names the reference {still}, which is no file")
        found.append({**reference, "path": str(still), "sha256": sha256_file(still)})
    return found


def takes_hints(stages: Sequence[Stage]) -> list[Stage]:
    """The stages that know `hints`."""
    return [stage for stage in stages if "hints" in {entry.name for entry in fields(stage.params)}]


def _hint(number: int, hint: dict[str, Any], by: str) -> dict[str, Any]:
    made = {"id": str(number), **hint, "by": hint.get("by") or by}
    if "size" in hint:
        size = int(made.pop("size"))
        y, x = round(hint["y"]) - size // 2, round(hint["x"]) - size // 2
        made |= {"y": max(0, y), "x": max(0, x)}
        made |= {"height": size + min(0, y), "width": size + min(0, x)}
    if isinstance(made["rgb"], str):
        code = made["rgb"].removeprefix("#")
        if len(code) != 6:
            raise ValueError(f"{made['rgb']!r} is no colour such as #c8785a")
        made["rgb"] = list(bytes.fromhex(code))
    return made


def read_cuts(path: Path, *, frames: int) -> dict[str, Any]:
    """Cuts from a file as `python -m restoration cuts --json` writes it, corrected by hand or not.

    Raises: StageError if it is none or names frames that the film does not have.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cuts = [int(cut) for cut in document["cuts"]]
        marks = [dict(mark, frame=int(mark["frame"])) for mark in document.get("marks", [])]
    except OSError as error:
        raise StageError(f"the cuts in {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StageError(
            f'{path} holds no cuts ({error!r}); wanted is {{"cuts": [120, 264]}}, the first '
            "frame of each new scene"
        ) from error
    outside = [cut for cut in cuts if not 0 <= cut < frames]
    if outside:
        raise StageError(f"{path} names frame {outside[0]}, but the film has {frames}")
    return document | {"cuts": cuts, "marks": marks}
