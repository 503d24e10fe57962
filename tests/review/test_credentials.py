"""What leaves approved bears credentials that hold, and nothing else can be signed."""

from __future__ import annotations

import ast
import dataclasses
import json
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.contrib.auth.models import User
from django.core.management import call_command
from PIL import Image

from archive.fixity import sha256_file
from restoration.provenance import Label
from review import credentials
from review.authority import require_authority
from review.claim import NotApproved, source_type
from review.credentials import INVALID, NONE, TRUSTED, VALID, CredentialsError, Identity
from review.deliverables import build_deliverable
from review.formats.edition import COPIED, HAND, MACHINE, Cue, Edition
from review.formats.signed import SIDECAR
from review.models import Deliverable
from review.signing import trusted
from tests.review.approved_reel import make_approved_reel, make_scanned_reel, split_and_restore
from tests.review.formats.editions import make_edition, make_take

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"


@pytest.fixture
def signer(tmp_path: Path) -> Identity:
    made = require_authority(tmp_path / "credentials")
    return Identity(made.chain.read_text(), made.key, is_test=True)


def approved_edition() -> Edition:
    return make_edition(Fraction(24))


def still(path: Path) -> Path:
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(path)
    return path


def sign(path: Path, signer: Identity, edition: Edition | None = None) -> None:
    credentials.sign(
        path, edition or approved_edition(), signer,
        digests={"map.mkv": "b" * 64}, when="2026-11-22T10:00:00Z", version="1",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["still.png", "still.tif"])
def test_a_still_is_trusted_with_the_root_valid_without_and_invalid_when_touched(
    tmp_path: Path, signer: Identity, name: str
) -> None:
    path = still(tmp_path / name)
    assert credentials.read(path).state == NONE
    sign(path, signer)
    root = require_authority(tmp_path / "credentials").root.read_text()
    found = credentials.read(path, trusted=root)
    assert (found.state, found.problems) == (TRUSTED, ())
    assert "TEST" in found.signer
    assert found.ingredients == (("harbour day.mkv", "a" * 64), ("map.mkv", "b" * 64))
    assert [each["approved"][0]["by"] for each in found.approvals] == ["Anna", "Anna"]
    assert credentials.read(path).state == VALID
    touched = bytearray(path.read_bytes())
    touched[-20 if name.endswith("png") else 200] ^= 1
    path.write_bytes(touched)
    assert credentials.read(path, trusted=root).state == INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"decision": None},
        {"unapproved": "its approval is stale"},
        {"take": make_take(9, Fraction(24))},
    ],
    ids=["nobody", "stale", "another take"],
)
def test_a_scene_that_nobody_approved_cannot_be_signed(
    tmp_path: Path, signer: Identity, change: dict[str, Any]
) -> None:
    edition = approved_edition()
    spoilt = dataclasses.replace(edition.scenes[1], **change)
    path = still(tmp_path / "still.png")
    before = sha256_file(path)
    for scenes in ((edition.scenes[0], spoilt), ()):
        with pytest.raises(NotApproved):
            sign(path, signer, dataclasses.replace(edition, scenes=scenes))
    assert sha256_file(path) == before


def test_no_other_module_can_reach_a_signature() -> None:
    """`credentials.sign` takes an edition and looks at its approvals; nothing goes around it."""
    found = {
        str(path.relative_to(ROOT))
        for app in ("archive", "restoration", "review", "fixtures", "config")
        for path in (ROOT / app).rglob("*.py")
        if "c2pa" in (text := path.read_text())  # to parse all of them takes seconds
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Import) and any(each.name == "c2pa" for each in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "c2pa")
    }
    assert found == {"review/credentials.py"}


def test_source_types_follow_the_strongest_of_what_a_stage_added() -> None:
    def term(*kinds: tuple[str, bool]) -> str:
        return source_type(kinds).rsplit("/", 1)[-1]

    assert term() == "algorithmicallyEnhanced"
    assert term((COPIED, False)) == "compositeCapture"
    assert term((COPIED, False), (HAND, False)) == "humanEdits"
    assert term((HAND, True), (MACHINE, False)) == "compositeSynthetic"
    assert term((MACHINE, False), (MACHINE, True)) == "compositeWithTrainedAlgorithmicMedia"


def test_each_stage_says_what_it_did_and_where(tmp_path: Path, signer: Identity) -> None:
    edition = approved_edition()
    cue = Cue(3, 6, 2, "structure", MACHINE, 0.2, 0.1, "repair", 1, "4", ("net (abc)",), {})
    scene = dataclasses.replace(edition.scenes[0], cues=(cue,))
    path = still(tmp_path / "still.png")
    sign(path, signer, dataclasses.replace(edition, scenes=(scene, edition.scenes[1])))
    found = credentials.read(path)
    (repair,) = [each for each in found.actions if each.get("softwareAgent", {}).get("name") ==
                 "Reelproof repair"]  # fmt: skip
    assert repair["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert repair["parameters"]["org.reelproof.weights"] == ["net (abc)"]
    assert repair["changes"][0]["region"] == [{"type": "frame", "frame": {"start": 3, "end": 5}}]


KEYS: list[ec.EllipticCurvePrivateKey] = []


def device(data: bytes) -> bytes:
    """A key that never leaves its device signs as 64 bytes, r and s."""
    numbers = decode_dss_signature(KEYS[0].sign(data, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def test_a_key_in_a_device_signs_as_well(tmp_path: Path, signer: Identity) -> None:
    assert signer.key_path is not None
    key = serialization.load_pem_private_key(signer.key_path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    KEYS[:] = [key]
    path = still(tmp_path / "still.png")
    sign(path, Identity(signer.certificates, None, device=f"{__name__}:device"))
    assert credentials.read(path, trusted=signer.certificates).state == TRUSTED
    with pytest.raises(CredentialsError, match="names no function"):
        sign(path, Identity(signer.certificates, None, device="nowhere:at_all"))


def files_of(made: Deliverable) -> dict[str, Path]:
    return {file["name"]: Path(file["path"]) for file in made.files}


def verified(path: Path) -> tuple[dict[str, Any], int]:
    out, code = StringIO(), 0
    try:
        call_command("verify", str(path), "--json", stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return json.loads(out.getvalue()), code


@pytest.mark.django_db
def test_what_is_delivered_holds_and_one_flipped_byte_is_seen(
    tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, audio_tracks=1)
    made = build_deliverable(
        reel, format="all", use="exhibition", to=tmp_path / "out", by=archivist
    )
    files = files_of(made)
    assert made.record["credentials"]["files"] == ["viewing.mp4", SIDECAR]
    assert any("TEST authority" in remark for remark in made.record["remarks"])
    for name in ("viewing.mp4", "master.mkv", "map.mkv", SIDECAR):
        told, code = verified(files[name])
        assert (told["credentials"]["state"], told["problems"], code) == ("trusted", [], 0), name
    said = credentials.read(files["viewing.mp4"], trusted=trusted())
    assert dict(said.ingredients)["map.mkv"] == sha256_file(files["map.mkv"])
    assert said.approvals[0]["approved"][0]["by"] == "anna"
    for name in ("viewing.mp4", "master.mkv", SIDECAR):
        path = files[name]
        data = bytearray(path.read_bytes())
        place = data.find(b"sha256") if name == SIDECAR else len(data) - 200
        data[place] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)
        told, code = verified(path)
        assert (told["credentials"]["state"], code) == ("invalid", 1), name


@pytest.mark.django_db
def test_stills_leave_with_a_legend_and_bear_credentials(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    made = build_deliverable(
        reel, format="stills", use="exhibition", to=tmp_path / "out", by=archivist
    )
    stills = [path for name, path in sorted(files_of(made).items()) if name.endswith(".png")]
    assert [path.name[:16] for path in stills] == ["still-scene-0001", "still-scene-0002"]
    for number, path in enumerate(stills, start=1):
        reading = credentials.read(path, trusted=trusted())
        assert reading.state == TRUSTED
        assert [each["scene"] for each in reading.approvals] == [number], "its own scene alone"
        assert reading.provenance["totals"]["pixels"] == (5, 7)[number - 1] * 64 * 48
        assert str(reading.actions[-1]["description"]).startswith("set for reading")
        with Image.open(path) as shown:
            width, height = shown.size
        assert width == 2 * 64 and height > 48, "take and map side by side, words below"


@pytest.mark.django_db
def test_what_leaves_without_approval_leaves_unsigned(tmp_path: Path, archivist: User) -> None:
    reel = make_scanned_reel(tmp_path, frames=6, width=64, height=48)
    split_and_restore(reel, cuts=(3,))
    made = build_deliverable(reel, format="all", use="scholarly", to=tmp_path / "out", by=archivist)
    assert made.record["credentials"]["refused"] == "scene 1, 2 is not approved"
    files = files_of(made)
    assert SIDECAR not in files
    assert credentials.read(files["viewing.mp4"]).state == NONE


FALSE_TOTALS: dict[str, Any] = {
    plane: {label.name: 5 for label in Label} for plane in ("structure", "colour")
} | {"pixels": 1}


@pytest.mark.parametrize(
    "assertions",
    [
        [{"label": "org.reelproof.approvals", "data": {"scenes": [{}]}}],
        [{"label": "org.reelproof.provenance", "data": {"use": "broadcast", "totals": [1]}}],
        [{"label": "org.reelproof.provenance", "data": {"totals": FALSE_TOTALS}}],
        [{"label": "c2pa.actions", "data": ["a"]}],
        [{"label": "c2pa.actions", "data": {"actions": [7]}}],
    ],
)
def test_what_others_sign_in_another_shape_is_told_as_invalid(
    assertions: list[dict[str, Any]],
) -> None:
    store = {"active_manifest": "one", "manifests": {"one": {"assertions": assertions}}}
    read = credentials._read_whole(store, "Trusted")
    assert read.state == credentials.INVALID and "another shape" in read.problems[0]
