"""`manage.py process`: from the shell, with or without workers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.models import Scan
from restoration.models import Scene, StageRun, Take
from restoration.provenance import Totals
from tests.factories import make_reel

pytestmark = pytest.mark.django_db


def process(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    call_command("process", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_without_a_worker_waiting_executes_the_runs_itself(
    scan: Scan, capsys: pytest.CaptureFixture[str]
) -> None:
    reel = str(scan.reel.pk)
    told = process(capsys, reel, "--stages", "cuts,deflicker,repair", "--wait")
    assert told["runs"][0]["stage"] == "cuts"
    assert {run["state"] for run in told["runs"]} == {"done"}
    for run in told["runs"][1:]:
        take = Take.objects.get(pk=run["take"])
        assert (run["digest"], run["totals"]) == (take.digest, take.totals)
    last = [Totals.from_json(take.totals) for take in Take.objects.filter(stage="repair")]
    assert told["totals"] == sum(last[1:], last[0]).as_json()


def test_progress_goes_to_standard_error(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    reel = str(scene.scan.reel.pk)
    call_command("process", reel, "--stages", "deflicker", "--scene", "1", "--wait", "--json")
    said = capsys.readouterr().err
    assert "deflicker [0, 12): waiting" in said and "deflicker [0, 12): done after" in said


def test_without_waiting_it_only_asks(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    told = process(capsys, str(scene.scan.reel.pk), "--stages", "deflicker")
    assert [run["state"] for run in told["runs"]] == ["queued", "queued"]


def test_one_scene_alone_with_its_own_parameters(
    scenes_of_film: list[Scene], capsys: pytest.CaptureFixture[str]
) -> None:
    told = process(
        capsys,
        str(scenes_of_film[0].scan.reel.pk),
        "--stages=deflicker",
        "--scene=2",
        "--params",
        "deflicker.strength=0.5",
    )
    (run,) = told["runs"]
    assert (run["start_frame"], run["end_frame"]) == (12, 24)
    assert StageRun.objects.get().params["strength"] == 0.5


def test_a_second_time_everything_is_offered(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    reel = str(scene.scan.reel.pk)
    first = process(capsys, reel, "--stages", "deflicker", "--wait")
    second = process(capsys, reel, "--stages", "deflicker", "--wait")
    assert all(run["offered"] for run in second["runs"])
    assert [run["take"] for run in first["runs"]] == [run["take"] for run in second["runs"]]


def test_it_exits_with_1_and_the_reason_if_a_run_failed(
    settings: object, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RUN_EXECUTOR = "tests.restoration.engine.executors:refusing"
    with pytest.raises(SystemExit) as ended:
        call_command("process", str(scene.scan.reel.pk), "--stages", "deflicker", "--wait")
    assert ended.value.code == 1
    assert "scan it again with more light" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["999999", "--stages", "repair"], "there is no reel 999999"),
        (["{reel}", "--stages", "polish"], "no stage called 'polish'"),
        (["{reel}", "--stages", "repair", "--scene", "3"], "has 2 scenes"),
        (["{reel}", "--stages", "repair", "--params", "strength=1"], "STAGE.NAME=VALUE"),
        (["{reel}", "--stages", "repair", "--params", "repair.speed=1"], "no parameter speed"),
    ],
)
def test_it_says_what_is_wrong_with_what_was_asked(
    scenes_of_film: list[Scene], arguments: list[str], words: str
) -> None:
    reel = str(scenes_of_film[0].scan.reel.pk)
    with pytest.raises(CommandError, match=words):
        call_command("process", *(text.format(reel=reel) for text in arguments))


def test_a_reel_without_a_scan_is_named() -> None:
    with pytest.raises(CommandError, match="has no scan yet"):
        call_command("process", str(make_reel().pk), "--stages", "cuts")
