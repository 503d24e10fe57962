"""Where an enlargement by a network shows what nobody can know: tiny faces, and tiny writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from restoration.imaging.resample import Plane
from restoration.stages.contract import JSON
from restoration.stages.upscale import small_faces, small_text

EVERY = 12
"""Frames from one look to the next."""


class Lookout:
    """Looks at one frame of twelve, and says at the end what was seen, or not looked for."""

    def __init__(self, facts: dict[str, JSON], *, faces: bool, text: bool) -> None:
        """
        Args:
            facts: `small_faces` and `small_text`, lists, are added to as frames are looked at.
            faces, text: whether each is to be looked for.
        Raises: ModuleNotFoundError without torch, WeightsError for weights that are not the pinned.
        """
        self._facts, self._faces, self._text = facts, faces, text
        self._face_finder = small_faces.open_finder() if faces else None
        self._text_finder = small_text.open_finder() if text else None

    def look(self, number: int, luma: Plane) -> None:
        """Look at a frame, (rows, columns) in [0, 1]."""
        if self._face_finder is not None:
            faces = small_faces.small_faces(self._face_finder, luma)
            self._keep("small_faces", number, "faces", faces)
        if self._text_finder is not None:
            places = small_text.small_text(self._text_finder, luma)
            self._keep("small_text", number, "places", places)

    def _keep(self, name: str, number: int, what: str, found: Sequence[Sequence[int]]) -> None:
        if found:
            self._facts[name].append({"frame": number, what: [list(place) for place in found]})

    def words(self) -> list[str]:
        """What a reviewer is told."""
        said = [
            small_faces.words(self._facts["small_faces"]),
            text_words(self._facts["small_text"]),
        ]
        if self._faces and self._face_finder is None:
            said.append(f"small faces were not looked for; {_fetch(small_faces.WEIGHTS)}")
        if self._text and self._text_finder is None:
            said.append(f"small writing was not looked for; {_fetch(small_text.WEIGHTS)}")
        return [words for words in said if words]


def text_words(frames: list[dict[str, Any]]) -> str:
    """What a reviewer is told of small writing; empty if there is nothing to tell.

    Args:
        frames: entries of `facts["small_text"]`, with `frame` and `places`.
    """
    most = max(frames, key=lambda entry: len(entry["places"]), default=None)
    if most is None:
        return ""
    count = len(most["places"])
    which = "1 place of writing" if count == 1 else f"{count} places of writing"
    told = f"{which} under {small_text.SMALL} px {'was' if count == 1 else 'were'} enlarged in "
    told += f"frame {most['frame']}: letters may be invented"
    if len(frames) > 1:
        told += f" ({len(frames)} of the frames looked at have such)"
    return told


def _fetch(name: str) -> str:
    and_run = " (and what [speech] brings)" if name == small_text.WEIGHTS else ""
    return f"fetch the detector with: python -m restoration weights fetch {name}{and_run}"
