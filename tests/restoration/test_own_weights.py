"""An archive's own weights stand in a list of its own, and nothing is loaded that is not listed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from restoration import cli_weights, weights
from restoration.software import stage_weights
from restoration.stages.contract import StageError
from restoration.stages.upscale.network import CompactNetwork
from restoration.stages.upscale.stage import STAGE
from restoration.weights import WeightsAltered, WeightsError, WeightsMissing
from tests.restoration.stages.upscale.clips import enlarge, small_clip

TABLE = """
[{name}]
about = "the archive's"
file = "{file}"
sha256 = "{sha256}"
licence = "CC-BY-4.0"
training = "our own film"
source = "https://archive.example.org/networks"
"""


class OwnList:
    """A folder with weights and the list that the setting names."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "ours.toml"

    def add(self, name: str, file: str, data: bytes | None = b"tensors", more: str = "") -> str:
        """Put a file there, unless there is no data, and list it by its SHA-256."""
        sha256 = hashlib.sha256(data or b"").hexdigest()
        if data is not None:
            (self.folder / file).write_bytes(data)
        with self.path.open("a") as listed:
            listed.write(TABLE.format(name=name, file=file, sha256=sha256) + more)
        return sha256


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnList:
    listed = OwnList(tmp_path)
    monkeypatch.setenv(weights.OWN, str(listed.path))
    return listed


def test_own_weights_are_listed_with_their_digest_and_verified(
    own: OwnList, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = own.add("our-film", "film.safetensors")
    assert weights.require("our-film") == own.folder / "film.safetensors"
    cli_weights.list_all(as_json=False)
    told = capsys.readouterr().out
    assert "(the archive's own)" in told and sha256 in told
    assert "transnetv2" in told, "beside the pinned ones"
    assert cli_weights.verify(["our-film"], as_json=True) == 0
    [said] = json.loads(capsys.readouterr().out)["weights"]
    assert (said["sha256"], said["state"]) == (sha256, "present")


def test_a_file_that_is_not_the_listed_one_is_not_loaded_and_both_digests_are_told(
    own: OwnList, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = own.add("our-film", "film.safetensors")
    (own.folder / "film.safetensors").write_bytes(b"others")
    found = hashlib.sha256(b"others").hexdigest()
    with pytest.raises(WeightsAltered, match=f"{found}, listed is {listed}.*list its SHA-256"):
        weights.require("our-film")
    assert cli_weights.verify(["our-film"], as_json=False) == 1
    assert found in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named_and_never_fetched(own: OwnList) -> None:
    own.add("our-film", "film.safetensors", None)
    for ask in (weights.require, weights.fetch):
        with pytest.raises(WeightsMissing, match=r"film\.safetensors; put them there, or correct"):
            ask("our-film")


def test_formats_that_could_run_a_program_are_refused(own: OwnList) -> None:
    own.add("our-film", "film.pkl")
    with pytest.raises(WeightsError, match=r"film\.pkl is no \.safetensors or .* not loaded"):
        weights.require("our-film")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "is no TOML"),
        ('[ours]\nfile = "a.pth"', r"\[ours\] is no entry.*missing"),
        ('[ours]\nfile = "a.pth"\nrun = "it"', "it has run, which no entry has"),
    ],
)
def test_a_list_that_is_not_whole_is_refused(own: OwnList, text: str, words: str) -> None:
    own.path.write_text(text)
    with pytest.raises(WeightsError, match=words):
        weights.find("transnetv2")


def test_a_list_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(weights.OWN, str(tmp_path / "none.toml"))
    with pytest.raises(WeightsError, match=r"REELPROOF_OWN_WEIGHTS names the list.*or unset it"):
        weights.known()


def test_own_weights_stand_in_for_the_pinned_ones_of_their_name(own: OwnList) -> None:
    [pinned] = [entry.sha256 for entry in weights.entries() if entry.name == "upscale"]
    torch.manual_seed(4)
    path = own.folder / "ours.safetensors"
    save_file(CompactNetwork().state_dict(), path)
    sha256 = own.add("upscale", path.name, path.read_bytes())
    assert pinned != sha256
    params = {"engine": "compact", "scale": 2, "tile": 64, "faces": False, "text": False}
    assert [(used.name, used.sha256) for used in stage_weights(STAGE, params)] == [
        ("upscale", sha256)
    ], "what the manifest and the run's key say"
    frames, _ = enlarge(small_clip(frames=1), **params)
    plain, _ = enlarge(small_clip(frames=1), scale=2, engine="resample")
    # An untrained network adds nothing to bicubic enlargement.
    assert (frames[0].picture.planes[0] == plain[0].picture.planes[0]).all()


def test_own_weights_of_another_network_are_refused_with_the_file(own: OwnList) -> None:
    path = own.folder / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    own.add("upscale", path.name, path.read_bytes())
    with pytest.raises(
        StageError, match=r"other\.safetensors does not hold the network of upscale"
    ):
        enlarge(small_clip(frames=1), scale=2, faces=False, text=False)


def test_what_stands_in_must_be_of_the_kind_that_is_read(own: OwnList) -> None:
    own.add("upscale", "ours.pth")
    with pytest.raises(WeightsError, match=r"ours\.pth is no \.safetensors file"):
        weights.require("upscale")
    own.path.unlink()
    own.add("mtcnn", "onet.pt")
    with pytest.raises(WeightsError, match=r"name your own onet\.pt, pnet\.pt, rnet\.pt"):
        weights.require("mtcnn")


def test_every_pinned_entry_names_the_authors_own_address() -> None:
    for entry in weights.entries():
        start = "python -m restoration train " if entry.shipped else "https://"
        assert entry.source.startswith(start), entry.name
