"""The takes of a film's scenes, joined to one file with its map and, if asked for, its heat."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import PictureFormat
from archive.media.sound import SoundRange
from archive.media.viewing import ViewingWriter
from restoration.mapfile import MapReader, MapWriter
from restoration.orders import TakeFiles
from restoration.recording import heat_form

MASTER, VIEWING = ".mkv", ".mp4"


@dataclass(frozen=True, slots=True)
class FilmFiles:
    """A film's files before they get their names."""

    picture: Path
    labels: Path
    heat: Path


@dataclass(frozen=True, slots=True)
class Writers:
    """A film's files, open."""

    picture: PictureWriter | ViewingWriter
    labels: MapWriter
    heat: PictureWriter | None

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
        """Add a scene's take."""
        if self.heat is not None:
            with open_source(take.heat) as heats:
                for heat in heats.frames():
                    self.heat.write(heat)
        with open_source(take.picture) as pictures:
            total = len(pictures)
            together = zip(pictures.frames(0, total), MapReader(take.map).frames(), strict=True)
            for done, (picture, frame_map) in enumerate(together, start=1):
                self.picture.write(picture)
                self.labels.write(frame_map)
                progress(done, total)
