"""Parameters of a stage from outside: JSON and key=value, checked against the dataclass."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from restoration.stages.contract import StageError


def parse_params(stage: str, params: type[Any], values: Mapping[str, Any]) -> Any:
    """Build the stage's Params from JSON values or strings such as a command line gives.

    Raises: StageError naming the parameter, what was given and what is wanted.
    """
    hints = typing.get_type_hints(params)
    known = {entry.name for entry in dataclasses.fields(params)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise StageError(
            f"{stage} has no parameter {', '.join(unknown)}; it knows: {', '.join(sorted(known))}"
        )
    try:
        return params(
            **{name: _convert(stage, name, hints[name], value) for name, value in values.items()}
        )
    except ValueError as error:
        raise StageError(f"{stage}: {error}") from error


def params_json(params: Any) -> dict[str, Any]:
    """The parameters as JSON values, every field named, in the order of the dataclass."""
    return dataclasses.asdict(params)


def _convert(stage: str, name: str, wanted: Any, value: Any) -> Any:
    try:
        if wanted is bool:
            return _as_bool(value)
        if wanted in (int, float, str):
            if isinstance(value, bool) or (wanted is int and isinstance(value, float)):
                raise ValueError(value)
            return wanted(value)
    except (TypeError, ValueError) as error:
        raise StageError(
            f"{stage}: parameter {name} wants {wanted.__name__}, not {value!r}"
        ) from error
    return value


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(value)
