"""`restore --hints --map`: each number in the joined map is explained by one table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.clips import write_clip
from restoration.__main__ import main
from restoration.cli_joining import number_on
from restoration.mapfile import MapReader
from restoration.stages.contract import StageError

SCENES = {2: "#b46450", 5: "#305090"}
"""Frame and colour of the one hint of each scene; the second begins at frame 4."""


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    film = write_clip(tmp_path / "film.mkv", frames=7, rate=16, width=64, height=48)
    hints = [{"frame": n, "x": 20, "y": 30, "size": 6, "rgb": rgb} for n, rgb in SCENES.items()]
    (tmp_path / "h.json").write_text(json.dumps({"hints": hints}))
    (tmp_path / "c.json").write_text('{"cuts": [4]}')
    return ["restore", str(film), str(tmp_path / "out.mkv"), "--stage", "colourise",
            "--cuts", str(tmp_path / "c.json"), "--hints", str(tmp_path / "h.json"),
            "--map", str(tmp_path / "map.mkv"), "--by", "Ada", "--json"]  # fmt: skip


def test_hints_of_two_scenes_have_two_numbers_and_a_table_says_which_is_which(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked) == 0
    document = json.loads(capsys.readouterr().out)
    table = json.loads((tmp_path / "map.guides.json").read_text())["guides"]
    assert document["guides"] == table
    assert [each["number"] for each in table] == [1, 2]
    assert str(tmp_path / "map.guides.json") in [each["path"] for each in document["files"]]
    maps = list(MapReader(tmp_path / "map.mkv").frames())
    for frame, rgb in SCENES.items():
        guidance = maps[frame].guidance
        assert guidance is not None
        guide = table[int(guidance.hint[30, 20]) - 1]
        assert guide["frame"] == frame and list(guide["rgb"]) == list(bytes.fromhex(rgb[1:]))
        named = set(guidance.hint.ravel().tolist()) - {0}
        assert named == {guide["number"]}


def test_a_table_that_is_there_already_is_not_written_over(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "map.guides.json").write_text("mine")
    assert main(asked) == 2
    assert "map.guides.json" in capsys.readouterr().err
    assert (tmp_path / "map.guides.json").read_text() == "mine"
    assert not (tmp_path / "out.mkv").exists()


def test_more_hints_than_a_map_can_number_are_refused() -> None:
    with pytest.raises(StageError, match="in parts"):
        number_on([{"number": 1}], 65535)
