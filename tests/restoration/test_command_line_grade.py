"""`python -m restoration restore --stage grade --cdl FILE`: a correction from another program.

And who is named for it, and for painted hints: HUMAN says that a person chose, so one is named.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.media.decode import open_source
from fixtures.clips import write_clip
from restoration.__main__ import build_parser, main, read_wish
from restoration.cli_restore import Wish
from restoration.stages.contract import StageError
from restoration.stages.grade.cdl import Cdl
from restoration.stages.grade.cdl_file import write_cdl


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "film.mkv", frames=2, rate=16, width=64, height=48)


def test_a_cdl_corrects_every_frame(film: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "dark.cc", tmp_path / "out.mkv"
    file.write_bytes(write_cdl(Cdl(slope=(0.5, 0.5, 0.5)), name="dark"))
    assert main(["restore", str(film), str(out), "--stage", "grade", "--cuts", "none",
                 "--cdl", str(file)]) == 0  # fmt: skip
    with open_source(film) as before, open_source(out) as after:
        pairs = zip(before.frames(0, 2), after.frames(0, 2), strict=True)
        for dark, light in ((new.planes[0], old.planes[0]) for old, new in pairs):
            assert abs(dark.astype(float) - light / 2).max() <= 0.51


@pytest.mark.parametrize(
    ("stage", "text", "words"),
    [("deflicker", "", "--cdl is for grade"), ("grade", "hello", "this is no XML")],
)
def test_what_cannot_be_applied_is_refused(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str, text: str,
    words: str,
) -> None:  # fmt: skip
    file = tmp_path / "some.cdl"
    file.write_text(text)
    arguments = ["restore", str(film), str(tmp_path / "out.mkv"), "--stage", stage]
    assert main([*arguments, "--cdl", str(file)]) == 2
    assert words in capsys.readouterr().err


def wish(folder: Path, *more: str) -> Wish:
    """What is asked for with a correction and with two hints, one of which says who painted it."""
    (folder / "dark.cc").write_bytes(write_cdl(Cdl(slope=(0.5, 0.5, 0.5)), name="dark"))
    patch = '{"frame": 0, "x": 20, "y": 30, "size": 6, "rgb": "#b46450"'
    (folder / "h.json").write_text(f'{{"hints": [{patch}}}, {patch}, "by": "Grete"}}]}}')
    asked = ["restore", "film.mkv", "out.mkv", "--stage", "colourise,grade",
             "--cdl", str(folder / "dark.cc"), "--hints", str(folder / "h.json")]  # fmt: skip
    return read_wish(build_parser().parse_args([*asked, *more]))


@pytest.mark.parametrize(("more", "name"), [((), "lotte"), (("--by", " Ada L. "), "Ada L.")])
def test_what_a_person_chose_names_the_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], name: str
) -> None:
    monkeypatch.setenv("LOGNAME", "lotte")
    asked = wish(tmp_path, *more)
    assert [each["by"] for each in asked.params["grade"]["corrections"]] == [name]
    assert [hint["by"] for hint in asked.hints] == [name, "Grete"]


def test_without_a_name_nothing_is_called_a_persons_choice(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="give it as --by NAME"):
        wish(tmp_path, "--by", " ")
