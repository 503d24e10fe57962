"""What the pages of those who work cost with many runs: Today, Queue, a scene, Work.

Made reels of which every state of a scene occurs; the pages are asked for through every middleware,
by those who use them, and timed as a whole.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.db.models import Model
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from archive.models import Element, Reel, Scan, Title
from restoration import scenes as cuts
from restoration.models import Hint, Scene, StageRun, Take
from review import handing, stored_standings
from review.models import Approval, SceneStanding
from review.queue import ORDERS

log = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Model)
SEED = 1927
RUNS_A_SCENE = 5
SCENES_A_REEL = 100
FRAMES = 120
"""Of a scene."""
ASKED = 15
"""Times for each page."""
CHANGED = (1, 100, 1000)
"""Scenes that changed since a list was asked for last."""
_STILL = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}


def measure(runs: int) -> dict[str, Any]:
    """Make `runs` runs over a fifth as many scenes and ask; milliseconds and questions."""
    chance = random.Random(SEED)
    people = {role: _person(role) for role in ("reviewer", "restorer", "operator")}
    begun = time.perf_counter()
    _fill(runs, people, chance)
    built = time.perf_counter()
    done = stored_standings.bring_up_to_date()
    worked_out = time.perf_counter() - built
    log.info("built in %.0f s, %s scenes worked out in %.0f s", built - begun, done, worked_out)
    with override_settings(STORAGES=_STILL, ALLOWED_HOSTS=["testserver"]):
        pages = {}
        for name, role, addresses in _pages(chance):
            pages[name] = _asked(people[role], addresses)
            log.info("%s: %s", name, pages[name])
        late = {str(count): _after(people["reviewer"], count) for count in CHANGED}
    states = SceneStanding.objects.values_list("state", flat=True)
    return {
        "runs": StageRun.objects.count(),
        "scenes": Scene.objects.count(),
        "takes": Take.objects.count(),
        "waiting": SceneStanding.objects.filter(waits=True).count(),
        "states": sorted(set(states)),
        "pages": pages,
        "first_queue_page_ms_after_changes_of": late,
        "worked_out": {"scenes": done, "ms_a_scene": round(1000 * worked_out / max(1, done), 2)},
        "build_s": round(built - begun, 1),
    }


def _person(role: str) -> User:
    user = User.objects.create_user(f"bench-{role}")
    user.groups.add(Group.objects.get(name=role))
    return user


def _fill(runs: int, people: dict[str, User], chance: random.Random) -> None:
    scenes = _scenes(max(1, runs // RUNS_A_SCENE))
    first, second = _takes(scenes, chance)
    _runs(scenes, first, second, people["restorer"], chance)
    _decisions(scenes, second, people["reviewer"], chance)
    for scene in chance.sample(scenes, min(40, len(scenes))):
        handing.hand_over(scene, cuts.RESTORATION, by=people["restorer"], role="reviewer")
    with connections["owner"].cursor() as cursor:  # the application's role may not, and is told so
        cursor.execute("VACUUM (ANALYZE)")


def _scenes(count: int) -> list[Scene]:
    reels = -(-count // SCENES_A_REEL)
    titles = Title.objects.bulk_create(Title(name=f"Measured {n}") for n in range(reels))
    elements = Element.objects.bulk_create(Element(title=each) for each in titles)
    held = Reel.objects.bulk_create(Reel(element=each, number=1) for each in elements)
    digests = [hashlib.sha256(f"scan {reel.pk}".encode()).hexdigest() for reel in held]
    scans = Scan.objects.bulk_create(
        Scan(
            reel=reel, kind=Scan.Kind.FILE, path=f"/nowhere/{digest}.mkv", sha256=digest,
            framemd5=digest, bytes=10**9, frames=FRAMES * SCENES_A_REEL, rate_numerator=24,
            rate_denominator=1, width=640, height=480, pixel_format="gray", bit_depth=8,
        )
        for reel, digest in zip(held, digests, strict=True)
    )  # fmt: skip
    now = timezone.now()
    places = [(scan, number * FRAMES) for scan in scans for number in range(SCENES_A_REEL)]
    return _copied(
        [
            Scene(scan=scan, start_frame=at, end_frame=at + FRAMES, created=now)
            for scan, at in places[:count]
        ]
    )


def _copied(rows: list[Row]) -> list[Row]:
    """These rows, numbered and written at once."""
    _number(rows)
    return _write(rows)


def _number(rows: list[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [rows[0]._meta.db_table, len(rows)],
        )
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number


def _write(rows: list[Row]) -> list[Row]:
    meta = rows[0]._meta
    fields = meta.concrete_fields
    names = ", ".join(field.column for field in fields)
    sql = f"COPY {meta.db_table} ({names}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(
                [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields]
            )
    return rows


def _takes(scenes: list[Scene], chance: random.Random) -> tuple[list[Take], list[Take]]:
    """Of every scene one of deflicker, and on it one of repair."""
    first = _copied([_take(scene, "deflicker", None, chance) for scene in scenes])
    second = [
        _take(scene, "repair", take, chance) for scene, take in zip(scenes, first, strict=True)
    ]
    return first, _copied(second)


def _take(scene: Scene, stage: str, before: Take | None, chance: random.Random) -> Take:
    pixels = FRAMES * 640 * 480
    made = chance.randrange(pixels // 5)
    plane = {"ADJUSTED": pixels - made, "SYNTHESISED": made}
    key = hashlib.sha256(f"{scene.pk} {stage}".encode()).hexdigest()
    return Take(
        scan_id=scene.scan_id, start_frame=scene.start_frame, end_frame=scene.end_frame,
        stage=stage, number=1, input_take=before, key=key, storage_key=f"takes/{key}",
        digest=key,
        totals={"structure": plane, "colour": {"ADJUSTED": pixels}, "pixels": pixels},
        manifest={
            "stage": stage,
            "params": {"sensitivity": 1.0},
            "marks": [],
            "facts": {"frames_not_judged": chance.randrange(FRAMES)},
            "libraries": {f"library{n}": "1.2.3" for n in range(40)},
        },
        created=timezone.now() - timedelta(minutes=chance.randrange(500_000)),
    )  # fmt: skip


def _runs(
    scenes: list[Scene], first: list[Take], second: list[Take], by: User, chance: random.Random
) -> None:
    now = timezone.now()
    _copied(
        [
            row
            for scene, one, two in zip(scenes, first, second, strict=True)
            for row in _runs_of(scene, one, two, by, now, chance)
        ]
    )


def _runs_of(
    scene: Scene, one: Take, two: Take, by: User, now: datetime, chance: random.Random
) -> Iterator[StageRun]:
    """Two that failed or were called off, the two that made the takes, and one more."""
    ended = now - timedelta(minutes=chance.randrange(500_000))
    last = chance.choices(("done", "cancelled", "failed", "queued"), (80, 10, 7, 3))[0]
    for stage, status, take in (
        ("deflicker", "failed", None),
        ("repair", "cancelled", None),
        ("deflicker", "done", one),
        ("repair", "done", two),
        ("repair", last, two if last == "done" else None),
    ):
        yield StageRun(
            scan_id=scene.scan_id, scene=scene, stage=stage, start_frame=scene.start_frame,
            end_frame=scene.end_frame, key=two.key, queue="cpu", status=status, take=take,
            input_take=one if stage == "repair" else None, requested_by=by, worker="far:1:cpu",
            params={"sensitivity": 1.0}, error="the disk is full" if status == "failed" else "",
            frames_total=FRAMES, frames_done=FRAMES if take else 0, sent=now,
            created=now, updated=now,
            started=None if status == "queued" else ended,
            ended=None if status == "queued" else two.created,
        )  # fmt: skip


def _decisions(scenes: list[Scene], takes: list[Take], by: User, chance: random.Random) -> None:
    """Half approved, some sent back, some of both gone stale by what was drawn since."""
    chosen = [pair for pair in zip(scenes, takes, strict=True) if chance.random() < 0.6]
    Approval.objects.bulk_create(
        (
            Approval(
                scene=scene, take=take, digest=take.digest, by=by,
                **(_SENT_BACK if chance.random() < 0.15 else {"decision": "approved"}),
            )
            for scene, take in chosen
        ),
        batch_size=5000,
    )  # fmt: skip
    stale = [scene for scene, _ in chosen if chance.random() < 0.05]
    for scene in stale:
        scene.settings = {"repair": {"sensitivity": 2.0}}
    Scene.objects.bulk_update(stale, ["settings"], batch_size=1000)
    Hint.objects.bulk_create(
        Hint(scan_id=s.scan_id, frame=s.start_frame, y=9, x=9, height=4, width=4, red=9, green=9,
             blue=9, by=by)
        for s in scenes[::4]
    )  # fmt: skip


_SENT_BACK = {"decision": "changes", "reason": "the sky flickers"}


def _pages(chance: random.Random) -> Iterator[tuple[str, str, list[str]]]:
    waiting = list(SceneStanding.objects.filter(waits=True).values_list("scene", flat=True))
    scenes = [chance.choice(waiting) for _ in range(ASKED)]
    last = max(1, len(waiting) // 50)
    queue, scene = reverse("queue"), [reverse("scene", args=[pk]) for pk in scenes]
    yield "today", "reviewer", ["/"]
    yield "today_restorer", "restorer", ["/"]
    for order in ORDERS:
        yield f"queue_{order}", "reviewer", [f"{queue}?order={order}"]
    far = [f"{queue}?order=oldest&page={chance.randrange(2, last + 2)}" for _ in range(ASKED)]
    yield "queue_far_page", "reviewer", far
    yield "scene", "reviewer", scene
    yield "scene_in_queue", "reviewer", [f"{each}?queue=synthesised" for each in scene]
    yield "work", "operator", [reverse("work")]
    yield "metrics", "operator", [reverse("metrics")]


def _asked(person: User, addresses: list[str]) -> dict[str, float]:
    client = Client()
    client.force_login(person)
    spent = [_timed(client, addresses[n % len(addresses)]) for n in range(ASKED + 1)][1:]
    with CaptureQueriesContext(connection) as asked:
        client.get(addresses[0])
    slowest = max(asked.captured_queries, key=lambda query: float(query["time"]))
    return {
        "p50_ms": round(float(np.percentile(spent, 50)), 1),
        "p95_ms": round(float(np.percentile(spent, 95)), 1),
        "queries": len(asked),
        "slowest_query_ms": round(1000 * float(slowest["time"]), 1),
    }


def _after(person: User, changed: int) -> float:
    """The queue's page for whoever comes first after so many scenes of as many runs changed."""
    client = Client()
    client.force_login(person)
    open_runs = StageRun.objects.filter(pk__in=StageRun.objects.order_by("?")[:changed])
    StageRun.objects.filter(pk__in=list(open_runs.values_list("pk", flat=True))).update(
        ended=timezone.now()
    )
    return round(_timed(client, reverse("queue")), 1)


def _timed(client: Client, address: str) -> float:
    begun = time.perf_counter()
    answer = client.get(address)
    took = 1000 * (time.perf_counter() - begun)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return took
