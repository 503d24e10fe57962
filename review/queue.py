"""What waits for a decision, in an order that a person chooses, from scene to scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from archive import roles, sight
from archive.access import without_held
from restoration import scenes as cuts
from restoration.models import Scene
from review import handing, second_looks, stored_standings
from review.models import Approval, HandOver, SceneStanding
from review.people import PeopleWanted, wanted_by_scene
from review.standing import Standing, State, standings

BY_AGE = ("since", "scene_id", "version")
ORDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mine": ("mine", BY_AGE),
    "oldest": ("oldest first", BY_AGE),
    "synthesised": ("most synthesised first", ("-share", *BY_AGE)),
    "uncertain": ("least certain first", ("-doubt", *BY_AGE)),
    "another": ("another person wanted", BY_AGE),
}
"""Words and sort key of each; "mine" leaves out what is not the person's, and "another" lists
what is approved already, where a use wants more people than have approved it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of a scene that somebody has to decide on."""

    row: SceneStanding
    standing: Standing
    """As it is at this moment, with its reasons in words."""
    handed: HandOver | None
    """To the person who asks, or to their role."""
    people: list[PeopleWanted]
    """Of what is approved: how many each use has of those it wants."""

    @property
    def version(self) -> str:
        return self.row.version

    @property
    def doubt(self) -> float:
        return self.row.doubt


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene stands in a queue."""

    order: str
    words: str
    number: int | None
    """From 1; None if it does not wait, or no longer."""
    count: int
    before: SceneStanding | None
    after: SceneStanding | None


def queue(person: Any, order: str) -> QuerySet[SceneStanding]:
    """All that waits for a decision, in that order, with what a list shows of its scene.

    What was handed to the person stands in it whatever its state; the rest for those who decide.

    Raises: KeyError for an order that is none.
    """
    return _waiting(person, order).select_related("scene__scan__reel__element__title")


def entries(rows: Iterable[SceneStanding], person: Any) -> list[Entry]:
    """These rows of a queue as a page shows them; a fixed number of queries."""
    wanted = list(rows)
    found = handing.handed_to(person).filter(scene__in=[row.scene_id for row in wanted])
    handed = {(each.scene_id, each.version): each for each in found}
    stand = as_they_stand(wanted)
    held = {
        (row.scene_id, row.version): standing.decision
        for row, standing in zip(wanted, stand, strict=True)
        if standing.state == State.APPROVED and standing.decision is not None
    }
    people = {version: _people_wanted(held, version) for version in {of for _, of in held}}
    return [
        Entry(
            row,
            standing,
            handed.get((row.scene_id, row.version)),
            people.get(row.version, {}).get(row.scene_id, []),
        )
        for row, standing in zip(wanted, stand, strict=True)
    ]


def _people_wanted(
    held: Mapping[tuple[int, str], Approval], version: str
) -> dict[int, list[PeopleWanted]]:
    return wanted_by_scene(each for (_, of), each in held.items() if of == version)


def as_they_stand(rows: Sequence[SceneStanding]) -> list[Standing]:
    """The standing of each row as it is at this moment; the scenes are to be at hand."""
    found: dict[tuple[int, str], Standing] = {}
    for version in sorted({row.version for row in rows}):
        scenes = [row.scene for row in rows if row.version == version]
        found |= {(each.scene.pk, version): each for each in standings(scenes, version)}
    return [found[row.scene_id, row.version] for row in rows]


def place(person: Any, order: str, scene: Scene, version: str) -> Place:
    """The neighbours of a scene in a queue, also when it has just left it."""
    words, keys = ORDERS[order]
    rows = _waiting(person, order)
    here = rows.filter(scene=scene, version=version).first()
    at = here or _row_of(scene, version)
    earlier = rows.filter(_on_one_side(at, keys, later=False))
    later = rows.filter(_on_one_side(at, keys, later=True))
    return Place(
        order,
        words,
        earlier.count() + 1 if here else None,
        rows.count(),
        earlier.reverse().first(),
        later.first(),
    )


def _waiting(person: Any, order: str) -> QuerySet[SceneStanding]:
    _, keys = ORDERS[order]
    stored_standings.bring_up_to_date()
    handed = handing.handed_to(person).filter(scene=OuterRef("scene"), version=OuterRef("version"))
    reel, decide = "scene__scan__reel__", "review.decide"
    rows = without_held(person, SceneStanding.objects.all(), reel, right="review.open_review")
    may = Q() if person.has_perm(decide) else Q(pk__in=())
    if roles.of(person).there:
        may &= sight.condition(sight.of(person, decide), reel, whatever_access=True)
    if order == "another":
        return second_looks.of_person(person, rows.filter(may)).order_by(*keys)
    waits = Q(waits=True) & may
    named = SceneStanding.objects.filter(Exists(handed)).values_list("pk", flat=True)
    # By number: with a subquery here the database would leave the index that has the order.
    pks = list(named)
    if order == "mine":
        return rows.filter(pk__in=[*_decided_by(person, waits), *pks]).order_by(*keys)
    if pks:
        waits |= Q(pk__in=pks)
    return rows.filter(waits).order_by(*keys)


def _decided_by(person: Any, waits: Q) -> QuerySet[SceneStanding, int]:
    """The numbers of what waits again after this person decided on the same version of its scene.

    As joins, from what they decided: as a condition on each row, all takes would be read each time.
    """
    theirs = Q(scene__approvals__by=person, scene__approvals__take__version=F("version"))
    return SceneStanding.objects.filter(waits & theirs).distinct().values_list("pk", flat=True)


def _row_of(scene: Scene, version: str) -> SceneStanding:
    """Of a scene that does not wait: one that was replaced has no row, but a place still."""
    rows = {row.version: row for row in stored_standings.work_out([scene])}
    return rows.get(version) or rows[cuts.RESTORATION]


def _on_one_side(row: SceneStanding, keys: Sequence[str], *, later: bool) -> Q:
    """Rows that come before or after this one in the order of these keys."""
    found, same = Q(pk__in=()), Q()
    for key in keys:
        name = key.removeprefix("-")
        value = getattr(row, name)
        grows = later != key.startswith("-")
        found |= same & Q(**{f"{name}__{'gt' if grows else 'lt'}": value})
        same &= Q(**{name: value})
    return found
