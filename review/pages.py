"""What the pages that join the three apps show: Catalogue, Reel, Scene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.db.models.fields import CharField

from archive import earlier
from archive.models import Event, Reel, Scan
from archive.models.catalogue import ReelQuerySet
from restoration import scenes as cuts
from restoration.models import Scene, StageRun, Take
from restoration.models.take import INVENTING
from review.models import Approval
from review.shares import add_totals, machine_share
from review.standing import Standing, standings

REEL_STATES = {
    "new": "no scenes yet",
    "working": "in work",
    "failed": "run failed",
    "review": "to review",
    "approved": "approved",
}
REEL_TONES = {"working": "busy", "failed": "bad", "review": "attend", "approved": "good"}


@dataclass(frozen=True, slots=True)
class Card:
    """One scene on the storyboard."""

    number: int
    standing: Standing
    colour: Standing | None
    """Of its colour version, if it has one."""

    @property
    def scene(self) -> Scene:
        return self.standing.scene

    @property
    def still(self) -> int:
        return self.standing.still


@dataclass(frozen=True, slots=True)
class Line:
    """One reel in the catalogue's list."""

    reel: Reel
    scan: Scan | None
    totals: dict[str, Any]

    @property
    def state(self) -> str:
        return REEL_STATES[self.reel.state]  # type: ignore[attr-defined]

    @property
    def tone(self) -> str:
        return REEL_TONES.get(self.reel.state, "")  # type: ignore[attr-defined]

    @property
    def still(self) -> int:
        return self.scan.frames // 3 if self.scan else 0

    @property
    def machine(self) -> float | None:
        return machine_share(self.totals) if self.totals["pixels"] else None


def reels_with_state() -> ReelQuerySet:
    """All reels with their state."""
    return with_state(Reel.objects.all())


def with_state(reels: ReelQuerySet) -> ReelQuerySet:
    """Reels with `state`, a key of REEL_STATES, asked of the database alone.

    It is that of the restoration; colour versions are decided on beside it.
    "approved" here means that every scene's newest decision is an approval later than its newest
    take; a decision that a changed parameter made stale is only seen on the reel's own page.
    """
    scenes = Scene.objects.filter(scan__reel=OuterRef("pk"), retired__isnull=True)
    runs = StageRun.objects.filter(scan__reel=OuterRef("pk"))
    found: ReelQuerySet = reels.annotate(
        state=Case(
            When(Exists(runs.filter(status__in=["queued", "running"])), then=Value("working")),
            When(Exists(failed_for_good(runs).exclude(_of_colour())), then=Value("failed")),
            When(~Exists(scenes), then=Value("new")),
            When(Exists(scenes.exclude(_is_approved())), then=Value("review")),
            default=Value("approved"),
            output_field=CharField(),
        )
    )
    return found


def in_state(reels: ReelQuerySet, state: str) -> ReelQuerySet:
    """Those in a state of REEL_STATES, as conditions that the database can join on: the CASE of
    `reels_with_state` would be worked out for every reel."""
    scenes = Scene.objects.filter(scan__reel=OuterRef("pk"), retired__isnull=True)
    runs = StageRun.objects.filter(scan__reel=OuterRef("pk"))
    working = Exists(runs.filter(status__in=["queued", "running"]))
    failed = Exists(failed_for_good(runs).exclude(_of_colour()))
    undecided = Exists(scenes.exclude(_is_approved()))
    conditions: dict[str, list[Any]] = {
        "working": [working],
        "failed": [~working, failed],
        "new": [~working, ~failed, ~Exists(scenes)],
        "review": [~working, ~failed, undecided],
        "approved": [~working, ~failed, Exists(scenes), ~undecided],
    }
    return reels.filter(*conditions[state])


def _of_colour() -> Q:
    """Runs of the colour version: one that failed says nothing of the restoration."""
    return Q(stage__in=INVENTING) | Q(input_take__version=cuts.COLOUR)


def failed_for_good(runs: QuerySet[StageRun]) -> QuerySet[StageRun]:
    """Failed runs that no later run of the same stage and frames made good."""
    later = StageRun.objects.filter(
        scan=OuterRef("scan"),
        stage=OuterRef("stage"),
        start_frame=OuterRef("start_frame"),
        end_frame=OuterRef("end_frame"),
        pk__gt=OuterRef("pk"),
    )
    return runs.filter(~Exists(later), status="failed")


def _is_approved() -> Q:
    newer = Take.objects.filter(
        scan=OuterRef("scene__scan"),
        start_frame=OuterRef("scene__start_frame"),
        end_frame=OuterRef("scene__end_frame"),
        created__gt=OuterRef("at"),
        version=cuts.RESTORATION,
    )
    later = Approval.objects.filter(
        scene=OuterRef("scene"), at__gt=OuterRef("at"), take__version=cuts.RESTORATION
    )
    # Who sends a stage back after the whole was approved takes that back, until it is mended.
    word = Approval.everything.filter(
        scene=OuterRef("scene"), take=OuterRef("take"), pk__gt=OuterRef("pk")
    )
    sent_back = Approval.everything.filter(
        ~Exists(word),
        scene=OuterRef("scene"),
        alone=True,
        decision=Approval.Decision.CHANGES,
        withdrawn__isnull=True,
        at__gt=OuterRef("at"),
        take__version=cuts.RESTORATION,
    )
    standing = Approval.objects.filter(
        ~Exists(later),
        ~Exists(newer),
        ~Exists(sent_back),
        scene=OuterRef("pk"),
        take__version=cuts.RESTORATION,
        decision=Approval.Decision.APPROVED,
        withdrawn__isnull=True,
    )
    return Q(Exists(standing))


def listed(numbers: list[int]) -> list[Reel]:
    """These reels in this order, as `lines` wants them."""
    unread = ("mediainfo", "audio", "colour", "warnings")  # some kilobytes of each scan
    reels = reels_with_state().filter(pk__in=numbers).select_related("element__title__collection")
    reels = reels.prefetch_related(Prefetch("scans", Scan.objects.defer(*unread)))
    found = {reel.pk: reel for reel in reels}
    return [found[number] for number in numbers if number in found]


def lines(reels: Iterable[Reel]) -> list[Line]:
    """The catalogue's lines for reels made by `reels_with_state().for_list()`."""
    wanted = list(reels)
    scans = {
        reel.pk: max(reel.scans.all(), key=lambda scan: scan.pk, default=None) for reel in wanted
    }
    current = Scene.objects.current().filter(scan__in=[scan for scan in scans.values() if scan])
    by_scan: dict[int, list[dict[str, Any]]] = {}
    heads = cuts.head_takes(list(current))
    for take in heads.values():
        by_scan.setdefault(take.scan_id, []).append(take.totals)
    return [
        Line(reel, scan, add_totals(by_scan.get(scan.pk, []) if scan else []))
        for reel in wanted
        for scan in [scans[reel.pk]]
    ]


def storyboard(scan: Scan) -> list[Card]:
    scenes = Scene.objects.current().filter(scan=scan).select_related("scan")
    in_colour = standings(scenes.filter(pk__in=coloured()), cuts.COLOUR)
    colour = {standing.scene.pk: standing for standing in in_colour}
    return [
        Card(number, standing, colour.get(standing.scene.pk))
        for number, standing in enumerate(standings(scenes), start=1)
    ]


def reel_totals(cards: Iterable[Card]) -> dict[str, Any]:
    return add_totals(card.standing.take.totals for card in cards if card.standing.take)


def coloured() -> QuerySet[Scene]:
    """Scenes that have a colour version."""
    takes = Take.objects.filter(
        scan=OuterRef("scan"),
        start_frame=OuterRef("start_frame"),
        end_frame=OuterRef("end_frame"),
        version=cuts.COLOUR,
    )
    return Scene.objects.filter(Exists(takes)).values("pk")  # type: ignore[return-value]


TOLD_TO_ALL = (
    "accession",
    "derivation",
    "format identification",
    "ingestion",
    "message digest calculation",
    "metadata extraction",
    "restoration stage",
)
"""Kinds of events that name no place on a disk, no word of colleagues and nobody on film."""


def custody_timeline(reel: Reel, user: Any) -> QuerySet[Event]:
    """What happened to a reel; others than staff see what became of the film, and no more."""
    events = reel.events.select_related("agent").order_by("-sequence")
    # By what is contained: a lookup by key drops the events without that key as well.
    events = events.exclude(detail__contains={"of": earlier.BY_HAND})
    if user.has_perm("archive.view_history", reel):
        return events
    return events.filter(kind__in=TOLD_TO_ALL)


def earlier_events(reel: Reel, user: Any) -> list[Event]:
    """What happened before the system, by when it did; for staff."""
    if not user.has_perm("archive.view_history", reel):
        return []
    by_hand = reel.events.select_related("agent").filter(detail__of=earlier.BY_HAND)
    return earlier.in_order(by_hand)


def takes_of(scene: Scene) -> QuerySet[Take]:
    """Every take of the scene's frames, the newest first."""
    return Take.objects.filter(
        scan_id=scene.scan_id, start_frame=scene.start_frame, end_frame=scene.end_frame
    ).order_by("-created", "-pk")


def neighbours(scene: Scene) -> tuple[Scene | None, Scene | None, int]:
    """The scenes before and after this one, and its number on the storyboard."""
    current = Scene.objects.current().filter(scan_id=scene.scan_id)
    before = current.filter(start_frame__lt=scene.start_frame).order_by("-start_frame").first()
    after = current.filter(start_frame__gte=scene.end_frame).order_by("start_frame").first()
    return before, after, current.filter(start_frame__lt=scene.start_frame).count() + 1


def state_counts(cards: Iterable[Card]) -> dict[str, int]:
    """How many scenes are in each state, for the storyboard's headline."""
    counts: dict[str, int] = {}
    for card in cards:
        counts[card.standing.state.label] = counts.get(card.standing.state.label, 0) + 1
    return counts
