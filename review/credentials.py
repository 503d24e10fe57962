"""Content credentials (C2PA) by c2pa-python, the only module that knows it. PLAIN.

Signing takes an edition, and refuses one in which anything is not approved: there is no other way
to a signature. Reading works without any network.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import c2pa

from restoration.provenance import Totals
from review.claim import APPROVALS, NOWHERE, PROVENANCE, Places, make_claim
from review.formats.additions import Addition
from review.formats.edition import Edition

TRUSTED, VALID, INVALID, NONE = "trusted", "valid", "invalid", "none"
FORMATS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".zip": "application/x-zip",
}
"""Files that can bear credentials here, by their ending. A sidecar speaks for Matroska."""
_ALGORITHMS = {each.name.lower(): each for each in c2pa.C2paSigningAlg}
_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_THUMBNAIL: dict[str, Any] = {"builder": {"thumbnail": {"enabled": True}}}
_BARE: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False},  # whoever signs many reads each back
}
_UNTRUSTED = "signingCredential.untrusted"


class CredentialsError(Exception):
    """Something could not be signed or read; the message says what to do next."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: certificates, and a key or a function of a device that holds it."""

    certificates: str
    """PEM, the signer's first, its authority's after it."""
    key_path: Path | None
    """PEM, without a password; None where `device` signs."""
    device: str = ""
    """`module:function` that takes the bytes to sign and gives the signature (of an HSM)."""
    algorithm: str = "es256"
    is_test: bool = False
    """Its authority was made by this machine: it proves nothing to anybody else."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the credentials of a file say, and whether they hold."""

    state: str
    """TRUSTED, VALID (whole, by a signer that the reader does not know), INVALID or NONE."""
    problems: tuple[str, ...] = ()
    title: str = ""
    signer: str = ""
    ingredients: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of each."""
    actions: tuple[dict[str, Any], ...] = ()
    approvals: tuple[dict[str, Any], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """What it left for, who overrode which rule, and its pixels by label."""
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "problems": list(self.problems),
            "title": self.title,
            "signer": self.signer,
            "ingredients": [{"name": name, "sha256": sha256} for name, sha256 in self.ingredients],
            "actions": [
                {
                    key: each[key]
                    for key in ("action", "description", "digitalSourceType")
                    if key in each
                }
                for each in self.actions
            ],
            "approvals": list(self.approvals),
            "provenance": dict(self.provenance),
        }

    @property
    def source_types(self) -> tuple[str, ...]:
        """IPTC terms of what was done to it, each once."""
        terms = (str(each.get("digitalSourceType", "")) for each in self.actions)
        return tuple(dict.fromkeys(term.rsplit("/", 1)[-1] for term in terms if term))


def sign(
    path: Path,
    edition: Edition,
    identity: Identity,
    *,
    digests: Mapping[str, str],
    when: str,
    version: str,
    transcoded: bool = False,
    additions: Sequence[Addition] = (),
    places: Places = NOWHERE,
    thumbnail: bool = True,
) -> None:
    """Put credentials into a file of FORMATS, in its place; a file that cannot be signed stays.

    Args: those of `review.claim.make_claim`, and
        thumbnail: whether a small picture of it goes into the credentials.
    Raises: NotApproved; CredentialsError; OSError.
    """
    kind = FORMATS[path.suffix]
    claim = make_claim(
        edition, name=path.name, format=kind, digests=digests, when=when, version=version,
        transcoded=transcoded, additions=additions, places=places,
    )  # fmt: skip
    signed = path.with_name(f".{path.name}.signed")
    try:
        with (
            _signer(identity) as signer,
            c2pa.Settings.from_dict(_THUMBNAIL if thumbnail else _BARE) as settings,
            c2pa.Context(settings) as context,
            c2pa.Builder(claim, context=context) as builder,
            path.open("rb") as source,
            signed.open("w+b") as target,
        ):
            builder.sign(signer, kind, source, target)
        signed.replace(path)
    except c2pa.C2paError as error:
        raise CredentialsError(
            f"{path.name} could not be signed: {error}. Look at the certificates and the key that "
            "CREDENTIALS_CERTIFICATES and CREDENTIALS_KEY name"
        ) from error
    finally:
        signed.unlink(missing_ok=True)


def read(path: Path, *, trusted: str = "") -> Reading:
    """The credentials of a file, held against its bytes.

    Args:
        trusted: certificates of authorities that are believed, PEM.
    Raises: OSError.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        return Reading(NONE)
    told = _OFFLINE | ({"trust": {"user_anchors": trusted}} if trusted else {})
    try:
        with (
            path.open("rb") as source,
            c2pa.Settings.from_dict(told) as settings,
            c2pa.Context(settings) as context,
            c2pa.Reader(kind, source, context=context) as found,
        ):
            return _read_whole(json.loads(found.json()), str(found.get_validation_state()))
    except c2pa.C2paError.ManifestNotFound:
        return Reading(NONE)
    except c2pa.C2paError as error:
        return Reading(INVALID, (f"its credentials cannot be read: {error}",))


def require_whole(path: Path, identity: Identity) -> Reading:
    """What a file says that this identity has just signed.

    Raises: CredentialsError if it does not hold; OSError.
    """
    reading = read(path, trusted=identity.certificates)
    if reading.state not in (TRUSTED, VALID):
        told = "; ".join(reading.problems) or reading.state
        raise CredentialsError(f"{path.name} was signed, but does not hold when read back: {told}")
    return reading


def _signer(identity: Identity) -> c2pa.Signer:
    algorithm = _ALGORITHMS.get(identity.algorithm.lower())
    if algorithm is None:
        raise CredentialsError(
            f"There is no algorithm {identity.algorithm}; choose {', '.join(_ALGORITHMS)} for "
            "CREDENTIALS_ALGORITHM"
        )
    if identity.device:
        return c2pa.Signer.from_callback(_device(identity.device), algorithm, identity.certificates)
    if identity.key_path is None:
        raise CredentialsError("There is no key to sign with; CREDENTIALS_KEY names its file")
    info = c2pa.C2paSignerInfo(
        algorithm, identity.certificates.encode(), identity.key_path.read_bytes(), None
    )
    return c2pa.Signer.from_info(info)


def _device(name: str) -> Callable[[bytes], bytes]:
    module, _, function = name.partition(":")
    try:
        found: Callable[[bytes], bytes] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise CredentialsError(
            f"CREDENTIALS_DEVICE ({name}) names no function: {error}; write module:function"
        ) from error
    return found


def _read_whole(store: Mapping[str, Any], state: str) -> Reading:
    """What it says, if that has the shape of what we write; anybody can sign anything."""
    try:
        reading = _reading(store, state)
        for scene in reading.approvals:
            _ = (scene["scene"], scene["first_frame"], scene["last_frame"])
            _ = [(each["by"], each["at"][:10]) for each in scene["approved"]]
        for action in reading.actions:
            _ = action.get("description") or action["action"]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        return Reading(INVALID, (f"its credentials have another shape than is known: {error!r}",))
    return reading


def _reading(store: Mapping[str, Any], state: str) -> Reading:
    manifest = store["manifests"][store["active_manifest"]]
    found = {each["label"]: each["data"] for each in manifest.get("assertions", [])}
    actions = found.get("c2pa.actions.v2", found.get("c2pa.actions", {})).get("actions", [])
    signature = manifest.get("signature_info", {})
    status = [each for each in store.get("validation_status", []) if each["code"] != _UNTRUSTED]
    return Reading(
        state=state.lower(),
        problems=tuple(str(each.get("explanation") or each["code"]) for each in status),
        title=str(manifest.get("title", "")),
        signer=", ".join(
            str(signature[name]) for name in ("common_name", "issuer") if signature.get(name)
        ),
        ingredients=tuple(
            (str(each.get("title", "")), str(each.get("description", "")).removeprefix("SHA-256 "))
            for each in manifest.get("ingredients", [])
        ),
        actions=tuple(actions),
        approvals=tuple(found.get(APPROVALS, {}).get("scenes", ())),
        provenance=_provenance(found.get(PROVENANCE, {})),
        manifest=manifest,
    )


def _provenance(told: Mapping[str, Any]) -> dict[str, Any]:
    """Use, override and pixels by label as words and numbers; {} where nothing is said of them.

    Raises: KeyError, ValueError and others for what has not that shape.
    """
    if not told:
        return {}
    override = told.get("override") or {}
    totals = Totals.from_json(told["totals"])
    counted = (*totals.structure.values(), *totals.colour.values())
    if not all(0 <= count <= totals.pixels for count in counted):
        raise ValueError("its pixels by label are more than its pixels")
    return {
        "use": str(told.get("use", "")),
        "version": str(told.get("version", "")),
        "override": {
            "by": str(override["by"]),
            "reason": str(override["reason"]),
            "rules": [str(rule) for rule in override["rules"]],
        }
        if override
        else {},
        "totals": totals.as_json(),
    }
