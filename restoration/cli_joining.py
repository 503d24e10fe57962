"""The takes of a film's scenes, joined to one file with its map and, if asked for, its heat."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import PictureFormat
from archive.media.sound import SoundRange
from archive.media.viewing import ViewingWriter
from restoration.guides import GUIDES, read_guides
from restoration.mapfile import MapReader, MapWriter
from restoration.orders import TakeFiles
from restoration.provenance import FrameMap, Guidance
from restoration.recording import heat_form
from restoration.stages.contract import JSON, StageError

MASTER, VIEWING = ".mkv", ".mp4"
_MOST_GUIDES = 65535
"""The map's hint plane holds 16 bits."""


@dataclass(frozen=True, slots=True)
class FilmFiles:
    """A film's files before they get their names."""

    picture: Path
    labels: Path
    heat: Path
    guides: Path
    """The table of what the map's hint numbers stand for, as in a take's facts.json."""


@dataclass(frozen=True, slots=True)
class Writers:
    """A film's files, open."""

    picture: PictureWriter | ViewingWriter
    labels: MapWriter
    heat: PictureWriter | None
    guides: list[JSON] = field(default_factory=list)
    """Of all scenes so far, numbered over the film."""

    @classmethod
    def open(
        cls,
        files: FilmFiles,
        form: PictureFormat,
        opened: ExitStack,
        *,
        sound: SoundRange | None,
        with_heat: bool,
    ) -> Writers:
        """Begin all of them; `opened` closes them, or removes them if its block fails."""
        picture: PictureWriter | ViewingWriter
        if files.picture.suffix.lower() == MASTER:
            picture = opened.enter_context(PictureWriter(files.picture, form, sound=sound))
        else:
            picture = opened.enter_context(ViewingWriter(files.picture, form, sound=sound))
        labels = MapWriter(files.labels, width=form.width, height=form.height, rate=form.rate)
        heat = PictureWriter(files.heat, heat_form(form)) if with_heat else None
        if heat is not None:
            opened.enter_context(heat)
        return cls(picture, opened.enter_context(labels), heat)

    def append(self, take: TakeFiles, progress: Any) -> None:
        """Add a scene's take.

        Raises: StageError if the film has more hints than a map can number.
        """
        before = len(self.guides)
        self.guides.extend(number_on(read_guides(take.facts), before))
        if self.heat is not None:
            with open_source(take.heat) as heats:
                for heat in heats.frames():
                    self.heat.write(heat)
        with open_source(take.picture) as pictures:
            total = len(pictures)
            together = zip(pictures.frames(0, total), MapReader(take.map).frames(), strict=True)
            for done, (picture, frame_map) in enumerate(together, start=1):
                self.picture.write(picture)
                self.labels.write(_hints_on(frame_map, before))
                progress(done, total)

    def write_guides(self, path: Path) -> None:
        """The table of the whole film."""
        path.write_text(json.dumps({GUIDES: self.guides}, indent=2) + "\n", encoding="utf-8")


def number_on(guides: list[JSON], before: int) -> list[JSON]:
    """A scene's table, numbered on after those of the scenes before it.

    Raises: StageError if a map cannot hold that many numbers.
    """
    if before + len(guides) > _MOST_GUIDES:
        raise StageError(
            f"the film has more than {_MOST_GUIDES} hints, which no map can number; restore it in "
            "parts"
        )
    return [{**guide, "number": guide["number"] + before} for guide in guides]


def _hints_on(frame_map: FrameMap, before: int) -> FrameMap:
    """The map with its hints numbered like `number_on`; 0, no hint, stays 0."""
    said = frame_map.guidance
    if said is None or before == 0:
        return frame_map
    hint = np.where(said.hint > 0, said.hint + np.uint16(before), said.hint)
    return replace(frame_map, guidance=Guidance(hint.astype(np.uint16), said.doubt))
