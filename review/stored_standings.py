"""Keeps `SceneStanding` in step with what `review.standing` would work out.

Triggers of the database (migration 0013) leave a mark on the frames of whatever changes, in the
same transaction: by which way it was changed makes no difference, and whoever changes it waits for
nothing. Whoever lists scenes calls `bring_up_to_date` first, which works out the marked scenes
alone; the sweeper does so every few seconds, so that few are left to them.

Not kept, because time alone changes it: who may see what, such as the end of an embargo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import connection, connections, transaction
from django.db.models import QuerySet

import archive
from restoration import scenes as cuts
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review.models import SceneStanding, StandingMark
from review.shares import machine_share
from review.standing import Standing, State, standings

RULES = f"2 of {archive.__version__}"
"""Changes when another version of the program may work out something else."""
LOCK = "reelproof standings"
SCANS_AT_ONCE = 50
AT_ONCE = 200
"""Scenes that are worked out together."""
VALUES = ("state", "take", "waits", "since", "share", "doubt", "rules")

_TAKE_MARKS = """
WITH gone AS (
    DELETE FROM review_standingmark WHERE scan_id = ANY(%s)
    RETURNING scan_id, start_frame, end_frame
)
SELECT DISTINCT scene.id FROM gone JOIN restoration_scene scene ON scene.scan_id = gone.scan_id
    AND scene.retired IS NULL
    AND int4range(scene.start_frame, scene.end_frame) && int4range(gone.start_frame, gone.end_frame)
"""
_MARK_ALL = """
INSERT INTO review_standingmark (scan_id, start_frame, end_frame)
SELECT id, 0, 2147483647 FROM archive_scan
"""
_MARK_OLDER_RULES = """
INSERT INTO review_standingmark (scan_id, start_frame, end_frame)
SELECT DISTINCT scene.scan_id, 0, 2147483647 FROM review_scenestanding standing
    JOIN restoration_scene scene ON scene.id = standing.scene_id WHERE standing.rules <> %s
"""


def bring_up_to_date() -> int:
    """Work out what has changed since; how many scenes that were. One query if nothing has."""
    done = 0
    marked = StandingMark.objects.order_by("scan_id").values_list("scan_id", flat=True).distinct()
    scans = list(marked)
    for first in range(0, len(scans), SCANS_AT_ONCE):
        with transaction.atomic():
            done += _bring_up_to_date(scans[first : first + SCANS_AT_ONCE])
    return done


def rebuild() -> int:
    """All anew; how many scenes there are."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK_ALL)
    return bring_up_to_date()


def mark_older_rules(using: str) -> None:
    """Have worked out again what another version of the program has worked out."""
    with connections[using].cursor() as cursor:
        cursor.execute(_MARK_OLDER_RULES, [RULES])


def work_out(scenes: Sequence[Scene]) -> list[SceneStanding]:
    """The rows of these scenes as they are now, not saved; a fixed number of queries."""
    takes = TakeIndex(scenes)
    coloured = [each for each in scenes if any(t.version == cuts.COLOUR for t in takes.of(each))]
    found = [(cuts.RESTORATION, each) for each in standings(scenes, takes=takes)]
    if coloured:
        found += [(cuts.COLOUR, each) for each in standings(coloured, cuts.COLOUR, takes=takes)]
    return [_row(version, standing, takes) for version, standing in found]


def differences() -> Iterator[str]:
    """In words, where a row is not what would be worked out now, changes without a mark and all."""
    bring_up_to_date()
    current = Scene.objects.current().select_related("scan")
    kept = {(row.scene_id, row.version): row for row in SceneStanding.objects.all()}
    for row in (row for part in _parts(current) for row in work_out(part)):
        stored = kept.pop((row.scene_id, row.version), None)
        if stored is None or _values(stored) != _values(row):
            said = f"{stored.state} is kept" if stored else "nothing is kept"
            yield f"scene {row.scene_id}, {row.version}: {said}, and it is {row.state}"
    for scene, version in kept:
        yield f"scene {scene}, {version}: is kept, and there is no such version of a scene"


def doubt(chain: Iterable[Take]) -> float:
    """From what the stages say of themselves: colour undecided, frames that were not judged."""
    shares = [0.0]
    for link in chain:
        facts = link.manifest.get("facts") or {}
        shares.append(float(facts.get("undecided") or 0.0))
        shares.append(float(facts.get("frames_not_judged") or 0) / max(1, link.frames))
    return min(1.0, max(shares))


def _bring_up_to_date(scans: list[int]) -> int:
    """One after the other: of two that worked out the same scene, the slower would write the older.

    The marks are taken first. Whatever is committed while this reads leaves a mark of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        cursor.execute(_TAKE_MARKS, [scans])
        scenes = [row[0] for row in cursor.fetchall()]
    replaced = Scene.objects.filter(scan__in=scans, retired__isnull=False)
    SceneStanding.objects.filter(scene__in=replaced).delete()
    current = Scene.objects.current().select_related("scan").filter(pk__in=scenes)
    for part in _parts(current):
        _write(part)
    return len(scenes)


def _parts(scenes: QuerySet[Scene]) -> Iterator[list[Scene]]:
    """All of them, not all in memory."""
    found = scenes.iterator(chunk_size=AT_ONCE)
    while part := list(islice(found, AT_ONCE)):
        yield part


def _write(scenes: Sequence[Scene]) -> None:
    rows = work_out(scenes)
    wanted = {(row.scene_id, row.version) for row in rows}
    there = SceneStanding.objects.filter(scene__in=scenes).values_list("pk", "scene_id", "version")
    SceneStanding.objects.filter(
        pk__in=[pk for pk, *which in there if tuple(which) not in wanted]
    ).delete()
    SceneStanding.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["scene", "version"], update_fields=VALUES
    )


def _row(version: str, standing: Standing, takes: TakeIndex) -> SceneStanding:
    take = standing.take
    plane = "colour" if version == cuts.COLOUR else "structure"
    return SceneStanding(
        scene=standing.scene,
        version=version,
        state=standing.state.value,
        take=take,
        waits=take is not None and standing.state in (State.REVIEW, State.STALE),
        since=take.created if take else standing.scene.created,
        share=machine_share(take.totals, plane) if take else 0.0,
        doubt=doubt(cuts.chain(take, takes=takes)) if take else 0.0,
        rules=RULES,
    )


def _values(row: SceneStanding) -> tuple[object, ...]:
    return row.state, row.take_id, row.waits, row.since, row.share, row.doubt, row.rules
