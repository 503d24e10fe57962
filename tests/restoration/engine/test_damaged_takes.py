"""A take whose files were damaged is found, offered to nobody, and made again as it was."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive import custody
from archive.models import Event
from restoration import runs, soundness
from restoration.errors import CannotStart
from restoration.models import Scene, StageRun, Take
from restoration.storage import storage

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(scene: Scene) -> Take:
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    take: Take = Take.objects.get()
    return take


def damage(take: Take, name: str = "picture.mkv") -> None:
    path = storage().folder(take.storage_key) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_take_is_told_once_and_made_again_bit_for_bit(scene: Scene, take: Take) -> None:
    assert soundness.check_take(take) == []
    damage(take)
    told = ["picture.mkv was altered or damaged after the take was made"]
    assert soundness.check_take(take) == soundness.check_take(take) == told
    events = Event.objects.filter(kind=soundness.EVENT)
    assert [event.outcome for event in events] == ["failure"], "the same is not told again"

    again = soundness.make_again(take)
    assert soundness.make_again(take) == again, "one run is enough"
    runs.execute_run(again.pk)
    again.refresh_from_db()
    assert (again.status, again.take, again.offered) == ("done", take, False)
    mended = Take.objects.get()
    assert mended.damage == "" and mended.digest == take.digest
    assert mended.storage_key != take.storage_key
    assert soundness.faults_of(mended) == []
    assert runs.sweep().removed == [take.storage_key]
    assert not any(custody.verify_chain(chain) for chain in custody.all_heads())


@pytest.mark.slow
def test_whoever_asks_for_what_is_damaged_gets_it_made_and_not_offered(
    scene: Scene, take: Take
) -> None:
    damage(take, "map.mkv")
    assert runs.process_scene(scene, stages=["deflicker"]).status == "done", "nobody knows yet"
    soundness.check_take(take)
    run = runs.process_scene(scene, stages=["deflicker"])
    assert run.status == "queued"
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "done" and Take.objects.get().damage == ""


@pytest.mark.slow
def test_what_is_made_again_and_is_not_the_same_does_not_take_its_place(take: Take) -> None:
    damage(take)
    soundness.check_take(take)
    run = soundness.make_again(take)
    Take.objects.update(digest="0" * 64)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "failed" and "is not the same" in run.error
    assert Take.objects.get().storage_key == take.storage_key
    StageRun.objects.filter(pk=run.pk).delete()
    Take.objects.update(key="of another version")
    with pytest.raises(CannotStart, match="restore its folder from a backup"):
        soundness.make_again(Take.objects.get())


@pytest.mark.slow
def test_the_command_fails_while_anything_is_damaged_and_mends_if_asked(take: Take) -> None:
    told = StringIO()
    call_command("check_takes", stdout=told)
    assert "1 of 1 takes are intact" in told.getvalue()
    (storage().folder(take.storage_key) / "facts.json").unlink()
    with pytest.raises(CommandError, match="Not every take is intact"):
        call_command("check_takes", stdout=told)
    assert "facts.json is missing" in told.getvalue() and "--mend" in told.getvalue()
    call_command("check_takes", "--mend", stdout=told)
    run = StageRun.objects.get(status="queued")
    assert f"is made again by run {run.pk}" in told.getvalue()
