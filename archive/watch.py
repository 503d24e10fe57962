"""A folder in which films are taken into custody as soon as nobody writes to them any more.

What was dropped stays where it is: that is its registered path from then on. Beside a film that
was refused, or that the archive holds already, a text says why; its last line names the state of
the film that it is about, so that a restart does not try again what did not change.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from archive import accession
from archive.errors import ArchiveError
from archive.fixity import digest_json
from archive.media.errors import MediaError
from archive.media.rates import parse_rate
from archive.models import Scan

log = logging.getLogger(__name__)

REFUSED = ".error.txt"
HELD = ".note.txt"
NOT_FILMS = {".txt", ".md5", ".sha256", ".json", ".xml", ".csv", ".pdf", ".part", ".tmp"}
NOT_FILMS |= {".crdownload", ".partial", ".filepart", ".swp"}

_NAME_AND_RATE = re.compile(r"^(?P<title>.+?)\s*@\s*(?P<rate>\d+(?:\.\d+)?(?:-\d+)?)(?:\s*fps)?$")

State = str
"""A digest over names, sizes and times of change."""


@dataclass
class Watcher:
    """Looks at a folder again and again; a film that looked the same `looks` times is taken in."""

    folder: Path
    looks: int = 3
    _seen: dict[Path, tuple[State, int]] = field(default_factory=dict)
    """For each film: how it looked, and how often it has looked so since."""

    def look(self) -> list[Path]:
        """Look once, and take in what has settled; returns that."""
        films = {path: state for path in films_in(self.folder) if (state := state_of(path))}
        self._seen = {path: (state, self._times(path, state) + 1) for path, state in films.items()}
        settled = [path for path, (_, times) in self._seen.items() if times >= self.looks]
        return [path for path in settled if self._take_in(path)]

    def _times(self, path: Path, state: State) -> int:
        before, times = self._seen.get(path, ("", 0))
        return times if before == state else 0

    def _take_in(self, path: Path) -> bool:
        state = self._seen[path][0]
        if _is_settled_business(path, state) or has_writer(path):
            return False
        log.info("taking in %s", path)
        try:
            told = title_and_rate(path)
            result = accession.ingest(path, title=told.title, rate=told.rate)
        except (ArchiveError, MediaError) as error:
            words = f"This film was not taken in.\n\n{error}{_rate_hint(path)}"
            _write_beside(path, REFUSED, words, state)
            log.warning("%s was refused: %s", path, error)
            return True
        _remove_beside(path)
        if not result.created and result.scan.path != str(path.resolve()):
            words = (
                f"The archive holds these very bytes already: {result.reel}, reel "
                f"{result.reel.pk}, from {result.scan.path}. Nothing was added; this copy can go."
            )
            _write_beside(path, HELD, words, state)
        log.info("%s is %s", path, result.reel)
        return True


def films_in(folder: Path) -> list[Path]:
    """What lies in the folder and could be a film, in the order of names."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        log.warning("the watched folder cannot be read: %s", error)
        return []
    return [path for path in entries if not _is_beside_the_point(path)]


def _is_beside_the_point(path: Path) -> bool:
    return path.name.startswith(".") or path.name.endswith("~") or path.suffix.lower() in NOT_FILMS


def state_of(path: Path) -> State | None:
    """How a film looks now; None for an empty folder or something that just went away."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        looks = []
        for file in files:
            found = file.stat()
            looks.append([os.fsencode(file.name).hex(), found.st_size, found.st_mtime_ns])
    except OSError:
        return None
    return digest_json(looks) if looks else None


class TitleAndRate(NamedTuple):
    title: str
    rate: Fraction | None


def title_and_rate(path: Path) -> TitleAndRate:
    """A film's title is its name; "Harbour Day @18" also says its rate ("@24000-1001" too).

    Raises: MediaError if what follows the @ is no rate.
    """
    name = path.name if path.is_dir() else path.stem
    told = _NAME_AND_RATE.match(name)
    if told is None:
        return TitleAndRate(name, None)
    return TitleAndRate(told["title"], parse_rate(told["rate"].replace("-", "/")))


def _rate_hint(path: Path) -> str:
    if not path.is_dir() or "@" in path.name:
        return ""
    return f'\n\nHere the rate goes into the name: "{path.name} @18" for 18 frames a second.'


def has_writer(path: Path) -> bool:
    """Whether a process that we may look into holds the file, or one in the folder, for writing.

    Where /proc is missing or closed to us this says no; size and time of change then decide alone.
    """
    target = str(path.resolve())
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            held = str(handle.readlink())
            if held != target and not held.startswith(f"{target}/"):
                continue
            lines = (handle.parent.parent / "fdinfo" / handle.name).read_text().splitlines()
            flags = next(line for line in lines if line.startswith("flags:"))
            if int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY:
                return True
    return False


def _is_settled_business(path: Path, state: State) -> bool:
    """Whether it was dealt with before as it looks now."""
    for suffix in (REFUSED, HELD):
        beside = path.with_name(path.name + suffix)
        with suppress(OSError, UnicodeDecodeError):
            if beside.read_text().rstrip().endswith(state):
                return True
    try:
        return Scan.objects.filter(path=str(path.resolve())).exists()
    except UnicodeEncodeError:  # no such name is registered; the refusal says so
        return False


def _write_beside(path: Path, suffix: str, words: str, state: State) -> None:
    _remove_beside(path)
    beside = path.with_name(path.name + suffix)
    text = f"{words}\n\nIt is tried again when it changes, or when this file is removed.\n{state}\n"
    try:
        beside.write_text(text)
    except OSError as error:
        log.warning("%s cannot be written: %s", beside, error)


def _remove_beside(path: Path) -> None:
    for suffix in (REFUSED, HELD):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()
