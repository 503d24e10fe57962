"""What lists and counts scenes is kept beside them, and is always what would be worked out anew."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive.models import Scan
from restoration import corrections, hints, scenes
from restoration.editing import Edit
from restoration.errors import DrawingError, SceneError
from restoration.models import (
    ColourCorrection,
    ColourReference,
    Hint,
    ProtectedRegion,
    RepairDecision,
    Scene,
    StageRun,
    Take,
)
from restoration.stages.grade.cdl import Cdl
from review import decisions, handing, queue, stored_standings, today
from review.errors import DecisionRefused
from review.models import Approval, SceneStanding, StandingMark
from review.standing import standings
from tests import factories

pytestmark = pytest.mark.django_db

STAGES = ("deflicker", "repair", "colourise", "grade")


def kept_is_true() -> bool:
    return list(stored_standings.differences()) == []


class Acts:
    """Whatever changes where a scene stands, at random: on rows, and by the acts of the rooms."""

    def __init__(self, chance: random.Random, people: list[Any]) -> None:
        self.chance, self.people = chance, people
        self.scans = [factories.make_scan(frames=96) for _ in range(2)]
        for scan in self.scans:
            factories.make_scenes(scan, length=32)
        self.all: list[Callable[[], object]] = [
            getattr(self, name) for name in dir(self) if name.startswith("do_")
        ]
        self.often = [*self.all, *(self.do_take, self.do_decide) * 4]

    def one(self) -> str:
        act = self.chance.choice(self.often)
        # What the rooms refuse changes nothing, and that is to be kept too.
        try:
            act()
        except (DecisionRefused, DrawingError, SceneError, IndexError, AssertionError):
            return f"{act.__name__} refused"
        return act.__name__

    def scene(self) -> Scene:
        return self.chance.choice(list(Scene.objects.current().select_related("scan__reel")))

    def any(self, rows: Any) -> Any:
        return self.chance.choice(list(rows.order_by("pk")))

    def by(self) -> Any:
        return self.chance.choice(self.people)

    def do_take(self) -> None:
        scene, stage = self.scene(), self.chance.choice(STAGES)
        before = scenes.take_before(scene, stage)
        facts = {"undecided": self.chance.random(), "frames_not_judged": self.chance.randrange(9)}
        factories.make_take(
            scene=scene,
            stage=stage,
            input_take=before,
            label=self.chance.choice(("ADJUSTED", "SYNTHESISED")),
            manifest={
                "stage": stage, "facts": facts, "params": {"sensitivity": 1.0}, "marks": []
            },
        )  # fmt: skip

    def do_run(self) -> None:
        scene, stage = self.scene(), self.chance.choice(STAGES)
        factories.make_run(scene=scene, stage=stage, input_take=scenes.take_before(scene, stage))

    def do_end_run(self) -> None:
        run = self.any(StageRun.objects.filter(status__in=StageRun.OPEN))
        ended = self.chance.choice(("done", "failed", "cancelled", "queued", "running"))
        takes = Take.objects.filter(scan=run.scan_id, start_frame=run.start_frame, stage=run.stage)
        take = takes.filter(end_frame=run.end_frame).first()
        StageRun.objects.filter(pk=run.pk).update(
            status=ended,
            error="the disk is full" if ended == "failed" else "",
            ended=timezone.now(),
            lease_until=timezone.now(),
            take=take if ended == "done" else None,
        )

    def do_forget_runs(self) -> None:
        StageRun.objects.filter(status="cancelled").delete()

    def do_decide(self) -> None:
        version = self.chance.choice(Take.Version.values)
        current = Scene.objects.current().select_related("scan__reel")
        heads = scenes.head_takes(list(current), version)
        assert heads
        scene, take = self.chance.choice(
            [(each, heads[each.pk]) for each in current if each.pk in heads]
        )
        if self.chance.random() < 0.7:
            decisions.approve(scene, take, by=self.by())
        else:
            decisions.request_changes(scene, take, by=self.by(), reason="dust")

    def do_withdraw(self) -> None:
        decisions.withdraw(self.any(Approval.objects.all()), by=self.by())

    def do_hand_over(self) -> None:
        handing.hand_over(self.scene(), scenes.RESTORATION, by=self.by(), role="reviewer")

    def do_settings(self) -> None:
        scenes.set_settings(self.scene(), "repair", {"sensitivity": self.chance.choice((1.0, 2.0))})

    def do_marks(self) -> None:
        scene = self.scene()
        frame = self.chance.randrange(scene.start_frame, scene.end_frame)
        edit = Edit(scene.scan, None)
        edit.change(scene, marks=[{"frame": frame, "kind": "splice", "confidence": 1.0}])

    def do_split(self) -> None:
        scene = self.scene()
        scenes.split(scene, (scene.start_frame + scene.end_frame) // 2)

    def do_merge(self) -> None:
        scenes.merge(self.scene())

    def do_move(self) -> None:
        scene = self.scene()
        scenes.move_cut(scene, scene.start_frame + self.chance.choice((-3, 3)))

    def do_paint(self) -> None:
        scene = self.scene()
        hints.paint(scene, scene.start_frame, [(9, 9)], size=4, rgb=(9, 9, 9), by=self.by())

    def do_unpaint(self) -> None:
        hints.withdraw(self.any(Hint.objects.standing()), by=self.by())

    def do_still(self) -> None:
        scene = self.scene()
        ColourReference.objects.create(
            scan=scene.scan, frame=scene.start_frame, name="x.png", storage_key="x",
            sha256=factories.unique_digest(), media_type="image/png", source="x", by=self.by(),
        )  # fmt: skip

    def do_correct(self) -> None:
        corrections.enter(self.scene(), Cdl(saturation=0.5), by=self.by())

    def do_uncorrect(self) -> None:
        made = self.any(ColourCorrection.objects.standing())
        corrections.withdraw(made, by=self.by(), scene=self.scene())

    def do_protect(self) -> None:
        scene = self.scene()
        ProtectedRegion.objects.create(
            scan=scene.scan, start_frame=scene.start_frame, end_frame=scene.end_frame,
            polygon=[[1, 1], [9, 1], [9, 9]], by=self.by(),
        )  # fmt: skip

    def do_unprotect(self) -> None:
        ProtectedRegion.objects.filter(scan=self.chance.choice(self.scans)).update(
            removed=timezone.now(), removed_by=self.by()
        )

    def do_undo_repair(self) -> None:
        take = self.any(Take.objects.filter(stage="repair"))
        RepairDecision.objects.create(
            scan_id=take.scan_id, take=take, frame=take.start_frame, pixels=9, label=4,
            polygon=[[1, 1], [9, 1], [9, 9]], decision="undo", by=self.by(),
        )  # fmt: skip

    def do_new_scan(self) -> None:
        if len(self.scans) < 4:
            scan = factories.make_scan(frames=64, reel=self.scans[0].reel)
            factories.make_scenes(scan, length=32)
            self.scans.append(scan)

    def do_many_at_once(self) -> None:
        """As the acts on a whole reel do: past every signal of rows."""
        scan = self.chance.choice(self.scans)
        Hint.objects.filter(scan=scan).update(withdrawn=timezone.now())
        StageRun.objects.filter(scan=scan, status="queued").update(status="cancelled")


@pytest.mark.parametrize(
    ("seed", "acts"), [(1912, 25), pytest.param(1927, 300, marks=pytest.mark.slow)]
)
def test_after_each_of_many_random_acts_it_is_what_would_be_worked_out(
    reviewer, archivist, seed, acts
):
    history = Acts(random.Random(seed), [reviewer, archivist])
    assert kept_is_true()
    seen: list[str] = []
    states = set()
    for _ in range(acts):
        seen.append(history.one())
        assert kept_is_true(), seen[-5:]
        states |= set(SceneStanding.objects.values_list("state", flat=True))
    done = {name for name in seen if not name.endswith("refused")}
    assert len(done) > 6
    if acts > 100:
        assert done == {act.__name__ for act in history.all}
        assert len(states) > 5, states


def test_every_table_that_is_asked_leaves_a_mark_when_it_changes(reviewer):
    """A further table that `standings` asked would make what is kept untrue, and nobody told."""
    scan = factories.make_scan(frames=48)
    found = factories.make_scenes(scan)
    for stage in STAGES:
        take = factories.make_take(
            scene=found[0], stage=stage, input_take=scenes.take_before(found[0], stage)
        )
    decisions.approve(found[0], take, by=reviewer)
    with CaptureQueriesContext(connection) as asked:
        standings(found)
        standings(found, scenes.COLOUR)
    words = " ".join(query["sql"] for query in asked.captured_queries)
    tables = set(re.findall(r'(?:FROM|JOIN) "(\w+)"', words))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
            " WHERE tgname LIKE 'review_standing_%'"
        )
        followed = {row[0] for row in cursor.fetchall()}
    # Of people and scans only the names are read, which are shown and not kept.
    assert tables - {"auth_user", "archive_scan"} == followed


def test_progress_of_a_run_leaves_no_mark(reviewer):
    scene = factories.make_scene()
    run = factories.make_run(scene=scene)
    stored_standings.bring_up_to_date()
    StageRun.objects.filter(pk=run.pk).update(frames_done=12, token=3)
    assert not StandingMark.objects.exists()
    StageRun.objects.filter(pk=run.pk).update(status="cancelled")
    assert StandingMark.objects.count() == 1


def test_a_page_of_the_queue_asks_as_much_for_many_scenes_as_for_few(client, reviewer):
    client.force_login(reviewer)
    spent = []
    for _ in range(2):
        for _ in range(2):
            for scene in factories.make_scenes(factories.make_scan(frames=48)):
                factories.make_take(scene=scene, stage="repair")
        stored_standings.bring_up_to_date()
        counts = []
        for address in ("/", "/queue/?order=mine"):
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            counts.append(len(asked))
        spent.append(counts)
    assert spent[0] == spent[1] and max(spent[0]) < 45, spent


def test_long_lists_of_today_are_shown_by_pages(client, reviewer):
    scenes_ = factories.make_scenes(factories.make_scan(frames=24 * 30))
    for scene in scenes_:
        factories.make_take(scene=scene)
    client.force_login(reviewer)
    page = client.get("/").content.decode()
    assert page.count("queue-still") == today.SHOWN and "All 30" in page
    rest = client.get("/?only=to_review&page=2").content.decode()
    assert rest.count("queue-still") == 5 and "Back to all of it" in rest


def test_the_command_says_what_is_not_true_and_makes_it_true(capsys):
    scene = factories.make_scene()
    factories.make_take(scene=scene)
    stored_standings.bring_up_to_date()
    SceneStanding.objects.update(state="approved", waits=False)
    with pytest.raises(CommandError, match=r"1 .* not what"):
        call_command("standings", "--check")
    assert "approved is kept, and it is review" in capsys.readouterr().out
    call_command("standings")
    call_command("standings", "--check")
    assert SceneStanding.objects.get().state == "review"


def test_another_version_of_the_program_works_all_out_again(monkeypatch):
    factories.make_take(scene=factories.make_scene())
    stored_standings.bring_up_to_date()
    stored_standings.mark_older_rules("default")
    assert not StandingMark.objects.exists()
    monkeypatch.setattr(stored_standings, "RULES", "2 of 9.9")
    stored_standings.mark_older_rules("default")
    assert stored_standings.bring_up_to_date() == 1
    assert SceneStanding.objects.get().rules == "2 of 9.9"


def test_scans_that_are_removed_leave_nothing():
    scene = factories.make_scene()
    factories.make_take(scene=scene)
    stored_standings.bring_up_to_date()
    Take.objects.all().delete()
    Scan.objects.all().delete()
    assert stored_standings.bring_up_to_date() == 0
    assert not SceneStanding.objects.exists() and not StandingMark.objects.exists()


def test_a_scene_that_left_still_has_its_neighbours_in_each_order(reviewer):
    found = factories.make_scenes(factories.make_scan(frames=24 * 4))
    takes = [factories.make_take(scene=scene) for scene in found]
    for order in queue.ORDERS:
        if order not in ("mine", "another"):
            here = queue.place(reviewer, order, found[1], scenes.RESTORATION)
            assert (here.number, here.count) == (2, 4), order
    decisions.approve(found[1], takes[1], by=reviewer)
    gone = queue.place(reviewer, "oldest", found[1], scenes.RESTORATION)
    assert gone.number is None and gone.count == 3
    assert gone.before and gone.before.scene == found[0]
    assert gone.after and gone.after.scene == found[2]
