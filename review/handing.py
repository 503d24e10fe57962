"""Put a scene before somebody else: a person, or whoever has a role."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from archive import custody, roles, sight
from archive.access import without_held
from archive.models import Reel
from restoration.models import Scene, Take
from restoration.take_index import TakeIndex
from review.errors import DecisionRefused, NotAllowed
from review.models import Approval, HandOver
from review.stage_decisions import chain_with

_REEL, _WORKS = "scene__scan__reel__", "review.add_note"
ROLES = ("reviewer", "archivist", "restorer")
"""Those that a scene can be handed to."""


@transaction.atomic
def hand_over(
    scene: Scene,
    version: str,
    *,
    by: Any,
    to: User | None = None,
    role: str = "",
    word: str = "",
    take: Take | None = None,
) -> HandOver:
    """Hand a version of a scene to a person or a role, instead of whoever had it before.

    Args:
        take: Of the one stage of its chain that they are to look at.

    Raises: NotAllowed, DecisionRefused.
    """
    if not by.has_perm("review.add_note", scene.scan.reel):
        raise NotAllowed(f"{by.get_username()} may not hand a scene over; nothing was changed.")
    if (to is None) == (role == ""):
        raise DecisionRefused("Nothing was handed over: name one person, or one role.")
    if role and role not in ROLES:
        raise DecisionRefused(f"Nothing was handed over: choose {', '.join(ROLES)}, not {role}.")
    if to is not None and not to.has_perm("review.open_review", scene.scan.reel):
        raise DecisionRefused(f"Nothing was handed over: {to} cannot open the review room.")
    if not _may_see(scene, to, role):
        raise DecisionRefused(
            "Nothing was handed over: whom you named cannot see this film. It is under embargo, or "
            "their role in its collection does not open it."
        )
    scene = Scene.objects.select_for_update().select_related("scan__reel").get(pk=scene.pk)
    if scene.retired is not None:
        raise DecisionRefused("Nothing was handed over: the cuts of this scene were changed.")
    if take is not None and chain_with(scene, take, TakeIndex([scene])) is None:
        raise DecisionRefused(
            f"Nothing was handed over: what stands at the end of this scene was made without "
            f"{take.stage} take {take.number}. Look at it, then hand over what stands."
        )
    made = HandOver.objects.create(
        scene=scene, version=version, take=take, to=to, role=role, word=word.strip(), by=by
    )
    custody.record(
        kind="scene handed over",
        agent=custody.person(by),
        subject=f"scene:{scene.pk}",
        reel=scene.scan.reel,
        detail={
            "start_frame": scene.start_frame,
            "end_frame": scene.end_frame,
            "version": version,
            "to": made.whom,
            "word": made.word,
        }
        | ({"stage": take.stage, "number": take.number, "digest": take.digest} if take else {}),
    )
    return made


def _may_see(scene: Scene, to: User | None, role: str) -> bool:
    """Whether the person, or anybody of the role, may see the film."""
    reel = scene.scan.reel
    people = [to] if to is not None else roles.people([role], reel)
    return any(person.has_perm("archive.view_reel", reel) for person in people)


def standing() -> QuerySet[HandOver]:
    """Those that nobody has settled: no later one of the same scene, and no later decision.

    A stage approved by itself settles what is about that stage alone; one that is sent back puts
    the scene before others.
    """
    same = {"scene": OuterRef("scene"), "version": OuterRef("version")}
    later = HandOver.objects.filter(**same, pk__gt=OuterRef("pk"))
    decided = Approval.everything.filter(
        Q(take=OuterRef("take"))
        | Q(take__version=OuterRef("version"))
        & (Q(alone=False) | Q(decision=Approval.Decision.CHANGES)),
        scene=OuterRef("scene"),
        at__gt=OuterRef("at"),
    )
    found = HandOver.objects.filter(~Exists(later), ~Exists(decided), scene__retired__isnull=True)
    return found.select_related("to", "by", "take", "scene__scan__reel__element__title")


def handed_to(person: Any) -> QuerySet[HandOver]:
    """What stands before this person, by name or by role."""
    held = roles.of(person)
    if not held.there:
        found = standing().filter(Q(to=person) | Q(role__in=held.everywhere))
        return without_held(person, found, _REEL, right=_WORKS)
    theirs = Q(to=person)
    for role in ROLES:
        theirs |= Q(role=role) & sight.condition(
            sight.with_role(person, role), _REEL, whatever_access=True
        )
    return without_held(person, standing().filter(theirs), _REEL, right=_WORKS)


def of_scene(scene: Scene, version: str) -> HandOver | None:
    return standing().filter(scene=scene, version=version).first()


def whom(reel: Reel) -> list[tuple[str, str]]:
    """Everybody and every role that a scene of the reel can be handed to: value and words for a
    form."""
    people = roles.people(ROLES, reel)
    named = [
        (f"person:{each.pk}", each.get_full_name() or each.get_username())
        for each in people.order_by("username")
    ]
    there = set(Group.objects.filter(name__in=ROLES).values_list("name", flat=True))
    return [(f"role:{role}", f"any {role}") for role in ROLES if role in there] + named
