"""What is put in the trash is seen by nobody, comes back as it was, and is emptied in time."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive import custody, derived, readmission
from archive.accession import ingest
from archive.errors import AccessionRefused
from archive.models import CatalogueLine, Reel, TrashedReel
from fixtures.clips import write_clip
from restoration.storage import storage
from review import trash
from review.catalogue import narrow
from review.models import SearchLine
from review.search import finding, index
from review.search.query import parse
from tests import factories

pytestmark = pytest.mark.django_db


def found_by(user: User, reel: Reel) -> list[bool]:
    """In the catalogue, by the search, by the right to see it."""
    return [
        reel.pk in narrow(user, {}).page(0, 25),
        finding.find(parse(reel.title.name), user=user).count > 0,
        user.has_perm("archive.view_reel", reel),
    ]


def kinds(reel: Reel) -> list[str]:
    return list(reel.events.order_by("sequence").values_list("kind", flat=True))


def age(row: TrashedReel, days: int) -> None:
    TrashedReel.objects.filter(pk=row.pk).update(at=timezone.now() - timedelta(days=days))


def test_a_reel_goes_out_of_sight_at_once_and_comes_back_as_it_was(archivist: User) -> None:
    scan = factories.make_scan()
    reel = scan.reel
    before = list(SearchLine.objects.filter(reel=reel).values("kind", "key", "text", "vector"))
    assert found_by(archivist, reel) == [True, True, True]
    (row,) = trash.put([reel], by=archivist, reason="a double")
    assert found_by(archivist, reel) == [False, False, False]
    reel.title.save()  # what is written meanwhile brings nothing back
    index.reindex(reel)
    reel.element.gauge = "35 mm"
    reel.element.save()
    assert found_by(archivist, reel) == [False, False, False]
    trash.restore(row, by=archivist)
    assert found_by(archivist, reel) == [True, True, True]
    after = SearchLine.objects.filter(reel=reel).values("kind", "key")
    assert list(after) == [{"kind": each["kind"], "key": each["key"]} for each in before]
    assert CatalogueLine.objects.get(reel=reel).gauge is not None
    assert kinds(reel) == [trash.PUT, trash.RESTORED]
    assert custody.verify_chain(f"reel:{reel.pk}") == []
    with pytest.raises(trash.TrashRefused, match="no longer"):
        trash.restore(row, by=archivist)


def test_nothing_that_is_worked_on_is_put_there_and_nothing_without_a_reason(
    archivist: User,
) -> None:
    run = factories.make_run(scene=factories.make_scene())
    other = factories.make_reel()
    with pytest.raises(trash.TrashRefused, match="under way"):
        trash.put([other, run.scan.reel], by=archivist, reason="a double")
    with pytest.raises(trash.TrashRefused, match="Say why"):
        trash.put([other], by=archivist, reason=" ")
    assert not TrashedReel.objects.exists() and kinds(other) == []


def test_the_pages_put_a_whole_title_there_hold_it_and_restore_it(
    client: Client, archivist: User, settings: Any
) -> None:
    client.force_login(archivist)
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    element = factories.make_element()
    first, second = (factories.make_reel(element=element, number=number) for number in (1, 2))
    address = reverse("put-in-trash", args=[first.pk])
    assert client.post(address, {"reason": ""}).status_code == 302
    assert not TrashedReel.objects.exists()
    client.post(address, {"reason": "not ours", "whole": "on"})
    assert {row.pk for row in TrashedReel.objects.all()} == {first.pk, second.pk}
    assert len({row.act for row in TrashedReel.objects.all()}) == 1
    assert client.get(reverse("reel", args=[first.pk])).status_code == 403
    client.post(reverse("hold-in-trash", args=[first.pk]), {"reason": "a lawsuit"})
    page = client.get(reverse("trash")).content.decode()
    assert "a lawsuit" in page and "emptied on" in page
    client.post(reverse("hold-in-trash", args=[first.pk]), {"reason": ""})
    client.post(reverse("restore-from-trash", args=[first.pk]))
    assert client.get(reverse("reel", args=[first.pk])).status_code == 200
    assert kinds(first) == [trash.PUT, trash.HELD, trash.RELEASED, trash.RESTORED]
    assert client.get(reverse("reel", args=[second.pk])).status_code == 403


def test_it_is_emptied_when_the_time_has_come_unless_somebody_holds_it(
    archivist: User, settings: Any
) -> None:
    settings.TRASH_DAYS = 30
    kept, held, due = (factories.make_scan().reel for _ in range(3))
    rows = trash.put([kept, held, due], by=archivist, reason="doubles")
    age(rows[0], 29)
    age(rows[1], 31)
    age(rows[2], 31)
    trash.hold(rows[1], by=archivist, reason="a lawsuit")
    assert trash.sweep() == {"emptied": 1}
    assert trash.sweep() == {}
    row = TrashedReel.objects.get(emptied__isnull=False)
    assert row.reel == due and row.is_cleared
    with pytest.raises(trash.TrashRefused, match="emptied"):
        trash.restore(row, by=archivist)
    event = due.events.get(kind=trash.EMPTIED)
    scan = due.scans.get()
    assert event.detail["masters"][0]["sha256"] == scan.sha256
    assert event.detail["masters"][0]["removed"] is False, "it lies outside our folder"
    settings.TRASH_DAYS = 0
    age(rows[0], 10_000)
    assert trash.sweep() == {}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_emptying_gives_up_files_and_keeps_every_digest(
    archivist: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_HOME, settings.MASTER_HOME = tmp_path / "media", tmp_path / "masters"
    ours = settings.MASTER_HOME / "1" / "film.mkv"
    ours.parent.mkdir(parents=True)
    write_clip(ours)
    scan = ingest(ours, title="Harbour Day", rate=None, by=archivist).scan
    scene = factories.make_scene(scan=scan, frames=(0, 2))
    take = factories.make_take(scene=scene)
    storage().folder(take.storage_key).mkdir(parents=True)
    digest = scan.sha256
    (row,) = trash.put([scan.reel], by=archivist, reason="a double")
    with pytest.raises(AccessionRefused, match="in the trash"):
        ingest(ours, title="Again", rate=None, by=archivist)
    call_command("check_fixity")
    age(row, 91)
    assert trash.sweep() == {"emptied": 1}
    assert not ours.exists() and not derived.folder(scan).exists()
    assert not storage().exists(take.storage_key)
    scan.refresh_from_db()
    take.refresh_from_db()
    event = scan.reel.events.get(kind=trash.EMPTIED)
    assert event.detail["masters"][0]["sha256"] == scan.sha256 == digest
    assert event.detail["takes"][0]["digest"] == take.digest
    assert custody.verify_chain(f"reel:{scan.reel_id}") == []
    call_command("check_fixity")  # what is no longer in custody is not missed


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_taken_in_again_bring_the_reel_back_as_it_was_described(
    archivist: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_HOME, settings.MASTER_HOME = tmp_path / "media", tmp_path / "masters"
    ours = settings.MASTER_HOME / "1" / "film.mkv"
    ours.parent.mkdir(parents=True)
    write_clip(ours)
    first = ingest(ours, title="Harbour Day", rate=None, by=archivist)
    reel, scan = first.reel, first.scan
    elsewhere = tmp_path / "tape" / "film.mkv"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(ours.read_bytes())
    Reel.objects.filter(pk=reel.pk).update(footage="305 m")
    take = factories.make_take(scene=factories.make_scene(scan=scan, frames=(0, 2)))
    (row,) = trash.put([reel], by=archivist, reason="a double")
    age(row, 91)
    assert trash.sweep() == {"emptied": 1}
    scan.refresh_from_db()
    assert scan.given_up is not None and not ours.exists()

    back = ingest(elsewhere, title="Another Name", rate=None, by=archivist)

    assert (back.created, back.again, back.reel) == (True, True, reel)
    assert Reel.objects.get().footage == "305 m" and Reel.objects.get().title.name == "Harbour Day"
    take.refresh_from_db()
    held = reel.scans.get()
    assert (held.path, held.given_up, held.derivatives) == (str(elsewhere), None, "ready")
    assert "given up" in take.damage, "its pictures are to be made again"
    assert found_by(archivist, reel) == [True, True, True]
    told = kinds(reel)
    assert told.index(trash.EMPTIED) < told.index(readmission.BACK) < told.index("derivation", 8)
    assert reel.events.get(kind=readmission.BACK).detail["reason"] == "a double"
    assert custody.verify_chain(f"reel:{reel.pk}") == []
    call_command("check_fixity", reel.pk)
    assert ingest(elsewhere, title="Again", rate=None, by=archivist).created is False


def test_who_may_not_restore_a_reel_does_not_bring_it_back_by_its_bytes(archivist: User) -> None:
    title = factories.make_title(collection="Newsreels")
    element = factories.make_element(title=title)
    scan = factories.make_scan(reel=factories.make_reel(element=element))
    (row,) = trash.put([scan.reel], by=archivist, reason="a double")
    assert readmission.awaited(scan.sha256) is None, "it has its files still"
    age(row, 91)
    trash.sweep()
    TrashedReel.objects.update(is_cleared=False)
    with pytest.raises(AccessionRefused, match="few minutes"):
        readmission.awaited(scan.sha256)
    TrashedReel.objects.update(is_cleared=True)
    again = readmission.awaited(scan.sha256)
    assert again == scan
    stranger = factories.make_user("archivist")
    factories.give_role(stranger, "none", title.collection)  # type: ignore[arg-type]
    with pytest.raises(AccessionRefused, match="may not restore") as refused:
        readmission.require(again, by=stranger, rate=None)
    assert title.name not in str(refused.value)
    with pytest.raises(AccessionRefused, match="at 16 frames"):
        readmission.require(again, by=archivist, rate=Fraction(18))
    readmission.require(again, by=None, rate=Fraction(16))
