"""`manage.py deliver` says what left as one JSON document, and refuses with exit code 1."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from archive.fixity import sha256_file
from archive.models import Event
from review import decisions
from review.formats.timelines import available
from review.models import Approval
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("deliver", *arguments, "--json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def refused(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("deliver", *arguments, "--json", stdout=out)
    assert ended.value.code == 1
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def order(reel: Any, folder: Path, *more: str) -> list[str]:
    target = str(folder / "out")
    return [str(reel.pk), "--format", "otio", "--use", "exhibition", "--to", target, *more]


def test_it_lists_files_with_digests(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    document = run(*order(reel, tmp_path))
    assert document["allowed"] is True
    assert document["reasons"] == []
    assert [Path(file["path"]).name for file in document["files"]] == [
        "timeline.otio",
        "record.json",
    ]
    for file in document["files"]:
        assert sha256_file(Path(file["path"])) == file["sha256"]
    assert Event.objects.get(kind="delivery").agent.kind == "software"


def test_it_refuses_with_every_reason(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    for approval in Approval.objects.all():
        decisions.withdraw(approval, by=archivist)
    document = refused(*order(reel, tmp_path))
    assert document["allowed"] is False
    assert document["files"] == []
    assert [reason.split(" (")[0] for reason in document["reasons"]] == ["Scene 1", "Scene 2"]
    assert not (tmp_path / "out").exists()


def test_it_refuses_in_words_without_json(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    decisions.withdraw(Approval.objects.latest("pk"), by=archivist)
    with pytest.raises(CommandError, match="nothing was written:\n  Scene"):
        call_command("deliver", *order(reel, tmp_path))


def test_a_named_person_needs_the_role(tmp_path: Path, archivist: User, researcher: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    document = refused(*order(reel, tmp_path, "--by", "rene"))
    assert "rene may not deliver" in document["reasons"][0]
    assert run(*order(reel, tmp_path, "--by", "anna"))["allowed"]
    assert Event.objects.get(kind="delivery").agent.user == archivist


def test_an_unknown_reel_or_person_is_named(tmp_path: Path, archivist: User) -> None:
    with pytest.raises(CommandError, match="no reel 99999"):
        call_command("deliver", "99999", "--use", "exhibition", "--to", str(tmp_path))
    reel = make_approved_reel(tmp_path, by=archivist)
    with pytest.raises(CommandError, match="no user nobody"):
        call_command("deliver", *order(reel, tmp_path, "--by", "nobody"))


def test_each_editing_format_leaves_with_its_sidecar(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, start_timecode="01:00:00:00")
    editing = [name for name in available() if name != "otio"]
    for number, format in enumerate(editing, start=1):
        arguments = order(reel, tmp_path)
        arguments[arguments.index("otio")] = format
        names = [Path(file["path"]).name for file in run(*arguments)["files"]]
        assert names[1:] == ["timeline.json", "record.json"], number
        assert names[0].startswith("timeline.")
    (path,) = tmp_path.glob("out/*-edl-1/timeline.edl")
    assert f"001  R{reel.pk:07d} V     C        01:00:00:00 01:00:00:05" in path.read_text()
