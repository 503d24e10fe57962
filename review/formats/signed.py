"""Credentials for the pictures that leave: in the file where it can bear them, else beside it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archive import __version__
from review import credentials
from review.claim import MOST_REGIONS, NOWHERE, NotApproved, Places, require_approved
from review.credentials import Identity, Reading
from review.formats.additions import Addition
from review.formats.areas import areas_in_frame, areas_of
from review.formats.edition import Edition, EditionScene

SIGNABLE = frozenset(credentials.FORMATS)
SIDECAR = "credentials.zip"
"""Speaks for files that cannot bear credentials: by their SHA-256, in a signed statement."""
SIDECARS = "credentials*.zip"
"""Files of several reels together have one each: `credentials-2.zip` those of the second."""
STATEMENT = "statement.json"
STATEMENT_SCHEMA = "reelproof/statement/1"
_THEN = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Signed:
    """What bears credentials, or is spoken for by a sidecar."""

    files: tuple[str, ...] = ()
    signer: str = ""
    is_test: bool = False
    refused: str = ""
    """Why nothing was signed."""

    @property
    def remarks(self) -> list[str]:
        if self.refused:
            return [f"Nothing here bears content credentials: {self.refused}."]
        if self.files and self.is_test:
            return [
                f"The content credentials of {', '.join(self.files)} are by a TEST authority of "
                "this installation: they show changes, and prove nothing about who signed."
            ]
        return []

    def as_json(self) -> dict[str, Any]:
        return {
            "files": list(self.files),
            "signer": self.signer,
            "test_authority": self.is_test,
            "refused": self.refused,
        }


NOBODY = Signed()


def sign_pictures(
    folder: Path,
    edition: Edition,
    identity: Identity | None,
    pictures: Sequence[Path],
    digests: Mapping[Path, str],
    *,
    when: str,
    additions: Mapping[str, Sequence[Addition]] | None = None,
    stills: Mapping[str, tuple[EditionScene, int]] | None = None,
) -> tuple[Signed, list[Path]]:
    """Sign what can be signed, and write SIDECAR for what cannot.

    Args:
        pictures: all files with pictures or maps.
        digests: of those that cannot bear credentials.
        when: ISO 8601.
        additions: what files show beside the takes' pictures, by their names.
        stills: scene and frame that files show which are no film, by their names.
    Returns: what was signed, and the files that were written for it.
    Raises: CredentialsError, ProvenanceError, OSError.
    """
    if identity is None or not pictures:
        return NOBODY, []
    shown_in = dict(stills or {})
    is_film = any(path.name not in shown_in for path in pictures)
    film = Places(areas_of(edition, most=MOST_REGIONS)) if is_film else NOWHERE
    named = {path.name: sha256 for path, sha256 in digests.items()}
    written: list[Path] = []
    try:
        require_approved(edition)  # before anything is touched
        for path in pictures:
            if path.suffix in SIGNABLE:
                shown = (additions or {}).get(path.name, ())
                still = shown_in.get(path.name)
                # A still speaks of its own scene alone, as a frame of a sequence does.
                of = replace(edition, scenes=(still[0],)) if still else edition
                places = Places(areas_in_frame(*still), still[1]) if still else film
                _sign(path, of, identity, named, when=when, transcoded=True, additions=shown,
                      places=places)  # fmt: skip
        if named:
            written.append(_sidecar(folder, edition, identity, named, when=when, places=film))
    except NotApproved as reason:
        (folder / SIDECAR).unlink(missing_ok=True)
        return Signed(refused=str(reason)), []
    done = [*(path for path in pictures if path.suffix in SIGNABLE), *written]
    reading = credentials.read(done[-1], trusted=identity.certificates)
    names = tuple(path.name for path in done)
    return Signed(names, reading.signer, is_test=identity.is_test), written


def sign_maps(
    folder: Path,
    reels: Sequence[tuple[Edition, Mapping[str, str]]],
    identity: Identity | None,
    *,
    when: str,
) -> tuple[Signed, list[Path]]:
    """A sidecar for the map of each reel, where reels leave together.

    Args:
        reels: each with the digests of its files by name; none for a reel without a map.
        when: ISO 8601.
    Returns: what was signed, and the sidecars. If any reel may not be signed, none is.
    Raises: CredentialsError, ProvenanceError, OSError.
    """
    if identity is None or not any(digests for _, digests in reels):
        return NOBODY, []
    written = []
    try:
        for edition, _ in reels:
            require_approved(edition)
    except NotApproved as reason:
        return Signed(refused=str(reason)), []
    for number, (edition, digests) in enumerate(reels, start=1):
        if digests:
            places = Places(areas_of(edition, most=MOST_REGIONS))
            written.append(_sidecar(folder, edition, identity, digests, when=when, places=places,
                                    name=f"credentials-{number}.zip"))  # fmt: skip
    signer = credentials.read(written[-1], trusted=identity.certificates).signer
    names = tuple(path.name for path in written)
    return Signed(names, signer, is_test=identity.is_test), written


def _sign(
    path: Path,
    edition: Edition,
    identity: Identity,
    digests: Mapping[str, str],
    *,
    when: str,
    transcoded: bool,
    additions: Sequence[Addition] = (),
    places: Places,
) -> None:
    credentials.sign(
        path, edition, identity, digests=digests, when=when, version=__version__,
        transcoded=transcoded, additions=additions, places=places,
    )  # fmt: skip
    credentials.require_whole(path, identity)


def _sidecar(
    folder: Path,
    edition: Edition,
    identity: Identity,
    digests: Mapping[str, str],
    *,
    when: str,
    places: Places,
    name: str = SIDECAR,
) -> Path:
    """A ZIP with the digests, signed as a whole: C2PA has no place in Matroska."""
    path = folder / name
    files = [{"name": name, "sha256": sha256} for name, sha256 in digests.items()]
    told = {
        "schema": STATEMENT_SCHEMA,
        "title": edition.title,
        "reel": edition.reel,
        "files": files,
    }
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as packed:
        entry = zipfile.ZipInfo(STATEMENT, _THEN)
        packed.writestr(entry, json.dumps(told, indent=1, ensure_ascii=False))
    _sign(path, edition, identity, digests, when=when, transcoded=False, places=places)
    return path


def read_beside(path: Path, sha256: str, *, trusted: str) -> Reading:
    """The credentials of a file or a folder of frames: its own, or those of a sidecar beside it.

    Args:
        sha256: of the file; a sidecar that names it and has another digest makes it INVALID.
        trusted: certificates of authorities that are believed, PEM.
    Raises: OSError.
    """
    own = credentials.read(path, trusted=trusted) if path.is_file() else Reading(credentials.NONE)
    sidecars = sorted(path.parent.glob(SIDECARS))
    if own.state != credentials.NONE or path in sidecars:
        return own
    for sidecar in sidecars:
        found = credentials.read(sidecar, trusted=trusted)
        named = dict(found.ingredients)
        if path.name not in named:
            continue
        if named[path.name] != sha256 and found.state != credentials.INVALID:
            changed = f"{path.name} is not the file that {sidecar.name} beside it was signed for"
            return replace(found, state=credentials.INVALID, problems=(*found.problems, changed))
        return found
    return own
