"""Run keys and manifests: equal for equal inputs, another for each change that can matter."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from restoration import software, weights
from restoration.manifest import (
    FileEntry,
    Inputs,
    build_manifest,
    framemd5_digest,
    manifest_digest,
    run_key,
    summary,
)
from restoration.provenance import Totals
from restoration.software import code_digest, library_versions
from restoration.stages import STAGES, find_stage
from restoration.stages.contract import Stage, Weights
from tests.restoration.takes import BRIGHTEN, PATCH

INPUTS = Inputs(
    stage="repair",
    version="1",
    params={"threshold": 12, "reach": 2},
    scan_sha256="a" * 64,
    start_frame=10,
    end_frame=20,
    code="c" * 64,
    weights=(Weights("net", "d" * 64),),
    marks=(15,),
    input_digest="b" * 64,
)
OTHERS = [
    {"stage": "deflicker"},
    {"version": "2"},
    {"params": {"threshold": 13, "reach": 2}},
    {"scan_sha256": "b" * 64},
    {"start_frame": 9},
    {"end_frame": 21},
    {"code": "d" * 64},
    {"weights": ()},
    {"weights": (Weights("net", "e" * 64),)},
    {"marks": ()},
    {"input_digest": None},
]


def manifest(inputs: Inputs = INPUTS, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "scan_framemd5": None,
        "picture": PictureFormat(64, 48, PIXEL_FORMATS["gray"], Fraction(24000, 1001)),
        "picture_framemd5": "f" * 64,
        "files": {"picture.mkv": FileEntry("1" * 64, 100)},
        "totals": Totals(),
        "facts": {"defects": 3, "frames": [1, 2], "rounding": "half up"},
        "libraries": {"numpy": "2.4.6"},
        "device": "cpu",
    }
    return build_manifest(inputs, **(values | changes))


def test_equal_inputs_have_equal_keys_whatever_their_order() -> None:
    again = replace(INPUTS, params={"reach": 2, "threshold": 12})
    assert run_key(again) == run_key(INPUTS)
    assert run_key(replace(INPUTS, marks=(15, 12))) == run_key(replace(INPUTS, marks=(12, 15)))


@pytest.mark.parametrize("change", OTHERS, ids=str)
def test_every_input_that_matters_changes_the_key(change: dict[str, object]) -> None:
    assert run_key(replace(INPUTS, **change)) != run_key(INPUTS)


def test_the_manifest_holds_the_key_the_inputs_and_only_json() -> None:
    made = manifest()
    assert made["key"] == run_key(INPUTS)
    assert json.loads(json.dumps(made)) == made
    assert made["picture"]["rate"] == "24000/1001"
    assert made["facts"] == {"defects": 3, "rounding": "half up"}


@pytest.mark.parametrize(
    "change",
    [
        {"picture_framemd5": "0" * 64},
        {"files": {"picture.mkv": FileEntry("2" * 64, 100)}},
        {"totals": Totals(pixels=1)},
        {"device": "cuda"},
        {"libraries": {"numpy": "2.4.7"}},
    ],
    ids=str,
)
def test_the_digest_is_of_everything_in_it(change: dict[str, object]) -> None:
    assert manifest_digest(manifest(**change)) != manifest_digest(manifest())
    assert manifest_digest(manifest()) == manifest_digest(manifest())


def test_nothing_in_it_tells_when_or_where_it_was_made() -> None:
    told = json.dumps(manifest() | {"libraries": library_versions()})
    assert not {"time", "date", "host", "user", "run", "seconds"} & set(json.loads(told))


def test_the_digest_of_frames_depends_on_their_order() -> None:
    assert framemd5_digest(["a", "b"]) != framemd5_digest(["b", "a"])


def test_a_summary_leaves_out_what_grows_with_the_scene() -> None:
    assert summary({"b": [1], "a": 1.5, "c": {"d": 1}, "e": None}) == {"a": 1.5, "e": None}


def test_each_stage_has_a_code_digest_of_its_own() -> None:
    digests = {stage.name: code_digest(stage) for stage in (*STAGES, PATCH)}
    assert len(set(digests.values())) == len(digests)
    assert code_digest(PATCH) == code_digest(replace(BRIGHTEN, name="other"))


def test_a_changed_line_of_code_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the sources, one comment longer; a bench beside the method has no say."""
    import shutil

    root = tmp_path / "restoration"
    shutil.copytree(Path(software.__file__).parent, root)
    stage = next(stage for stage in STAGES if stage.name == "repair")
    monkeypatch.setattr(software, "_ROOT", root)
    module = type("module", (), {"__file__": str(root / "stages" / "repair" / "stage.py")})
    monkeypatch.setitem(software.sys.modules, stage.run.__module__, module)
    digest = code_digest.__wrapped__
    before = digest(stage)
    (root / "stages" / "repair" / "bench.py").write_text("# not the method\n")
    assert digest(stage) == before
    for place in ("stages/repair/stage.py", "provenance/composition.py", "stages/contract.py"):
        with (root / place).open("a") as file:
            file.write("# one more line\n")
        after = digest(stage)
        assert after != before, place
        before = after


def test_weights_of_a_stage_are_those_pinned() -> None:
    entry = weights.entries()[0]
    stage: Stage = replace(PATCH, weights=lambda params: (entry.name,))
    assert software.stage_weights(stage, {}) == [Weights(entry.name, entry.sha256)]
    with pytest.raises(weights.WeightsError, match="no weights called"):
        software.stage_weights(replace(PATCH, weights=lambda params: ("unknown",)), {})


NOBODY: dict[str, object] = {"faces": False, "text": False}
"""Parameters of upscale without the detector, which is not on every machine."""


@pytest.mark.parametrize(
    ("stage", "params", "names"),
    [
        ("upscale", {"engine": "resample"}, []),
        ("upscale", NOBODY, ["upscale"]),
        ("upscale", NOBODY | {"engine": "basicvsr"}, ["upscale", "basicvsr-vimeo90k-bi"]),
        ("upscale", NOBODY | {"engine": "realsr"}, ["upscale", "realsr-df2k"]),
        ("upscale", NOBODY | {"engine": "realesrgan"}, ["upscale", "realesrgan-x4plus"]),
        ("repair", {}, []),
        ("repair", {"engine": "network"}, ["repair"]),
        ("colourise", {}, []),
        ("colourise", {"engine": "network"}, ["colourise"]),
        ("colourise", {"engine": "siggraph17", "checkpoint": "e" * 64}, ["siggraph17"]),
        ("cuts", {}, ["transnetv2"]),
        ("cuts", {"network": False}, []),
        ("transcribe", {}, ["whisper-tiny-en"]),
        ("grade", {}, []),
    ],
    ids=str,
)
def test_only_the_weights_that_an_engine_loads_are_named(
    stage: str, params: dict[str, object], names: list[str]
) -> None:
    inputs = software.gather_inputs(
        stage=find_stage(stage), params=params, scan_sha256="a" * 64, start_frame=0, end_frame=9
    )
    assert [each.name for each in inputs.weights] == names


def test_another_model_in_the_same_folder_makes_another_key(tmp_path: Path) -> None:
    folder = tmp_path / "whisper-of-our-own"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text(name)

    def key() -> str:
        return software.run_key(
            stage=find_stage("transcribe"),
            params={"model": str(folder)},
            scan_sha256="a" * 64,
            start_frame=0,
            end_frame=9,
        )

    before = key()
    assert key() == before
    (folder / "model.bin").write_text("another")
    assert key() != before
    told = software.stage_weights(find_stage("transcribe"), {"model": str(folder)})
    assert [each.name for each in told] == [folder.name]
