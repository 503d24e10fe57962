"""Approved scenes for which a use wants one more person, and who of them may be that person.

Asked in the database, and of all scenes at once, since an archive may have approved a hundred
thousand of them. Who counts is what `review.people` tells on the scene's page and `review.gate`
decides by.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from archive import roles
from archive.models import CollectionRole
from restoration.models import StageRun
from review.models import Approval, SceneStanding
from review.policies import Policy
from review.standing import State
from review.uses import policies

_RAN_BY = """
WITH RECURSIVE ran AS (
    SELECT take_id AS take FROM restoration_stagerun
    WHERE take_id IS NOT NULL AND requested_by_id = %s
    UNION
    SELECT later.id FROM restoration_take later JOIN ran ON later.input_take_id = ran.take
)
SELECT take FROM ran
"""
"""The takes that a person has run, and all that was made on them."""
_BY_WHO_RAN_IT = """
WITH RECURSIVE ran AS (
    SELECT take_id AS take, requested_by_id AS person FROM restoration_stagerun
    WHERE take_id IS NOT NULL AND requested_by_id IN (SELECT by_id FROM review_approval)
    UNION
    SELECT later.id, ran.person FROM restoration_take later
    JOIN ran ON later.input_take_id = ran.take
)
SELECT given.id FROM review_approval given
JOIN ran ON ran.take = given.take_id AND ran.person = given.by_id
"""
"""The approvals by people who ran a stage of what they approved."""
_LACKING_STAGES = """
WITH RECURSIVE links AS (
    SELECT id AS head, id AS link, input_take_id FROM restoration_take
    WHERE id IN (SELECT take_id FROM review_scenestanding WHERE state = 'approved')
    UNION ALL
    SELECT links.head, earlier.id, earlier.input_take_id
    FROM links JOIN restoration_take earlier ON earlier.id = links.input_take_id
)
SELECT head FROM links WHERE NOT (link = ANY(%s::bigint[]))
    AND NOT (link = ANY(%s::bigint[]))
"""
"""What ends a chain with a stage that is in neither list: takes that enough people approved by
themselves, and takes that the person who asks cannot bring further."""

_COLLECTION = "scene__scan__reel__element__title__collection"


def of_person(person: Any, rows: QuerySet[SceneStanding]) -> QuerySet[SceneStanding]:
    """Of these rows the approved ones that this person's approval would bring further for a use."""
    wanting = Q(pk__in=())
    theirs = _standing_approvals().filter(by=person).values("take")
    for policy in policies().values():
        if not policy.asks_who:
            continue
        wants = _wants(policy, person) & ~Q(take__in=theirs)
        if policy.asks_stages:
            wants |= _lacks_stages(policy, person)
        wanting |= wants & _in_role(policy, person)
    return rows.filter(wanting, state=State.APPROVED)


def _in_role(policy: Policy, person: Any) -> Q:
    """Rows of films over which the person has one of the policy's roles."""
    if not policy.roles:
        return Q()
    held, wanted = roles.of(person), set(policy.roles)
    given = [number for number in held.there if held.within(number) & wanted]
    there = Q(**{f"{_COLLECTION}__in": given})
    if not held.everywhere & wanted:
        return there
    return there | ~Q(**{f"{_COLLECTION}__in": list(held.there)})


def _wants(policy: Policy, person: Any) -> Q:
    """Fewer people than it wants, and the person would be one who counts."""
    counted, others = _counted(policy, _standing_approvals()), Q()
    if policy.makers == "left out":
        counted = counted.exclude(pk__in=_raw(_BY_WHO_RAN_IT))
        others = ~Q(take__in=_raw(_RAN_BY, person.pk))
    number = counted.values("take").annotate(people=Count("by", distinct=True))
    return others & ~Q(take__in=number.filter(people__gte=policy.people).values("take"))


def _lacks_stages(policy: Policy, person: Any) -> Q:
    """A stage that too few approved by itself, and that the person's word would bring further."""
    said = _said_of_takes()
    counted = _counted(policy, said)
    theirs = set(said.filter(by=person).values_list("take", flat=True))
    if policy.makers == "left out":
        own = StageRun.objects.filter(take=OuterRef("take"), requested_by=OuterRef("by"))
        counted = counted.filter(~Exists(own))
        ran = StageRun.objects.filter(take__isnull=False, requested_by=person)
        theirs |= set(ran.values_list("take", flat=True))
    number = counted.values("take").annotate(people=Count("by", distinct=True))
    enough = number.filter(people__gte=policy.people).values_list("take", flat=True)
    return Q(take__in=_raw(_LACKING_STAGES, list(enough), list(theirs)))


def _counted(policy: Policy, given: QuerySet[Approval]) -> QuerySet[Approval]:
    """Those by people in the policy's roles: what they are in the film's collection, else by their
    groups, as `archive.roles` has it."""
    if not policy.roles:
        return given
    there = CollectionRole.objects.filter(
        user=OuterRef("by"), user__is_superuser=False, collection=OuterRef(_COLLECTION)
    )
    grouped = User.groups.through.objects.filter(user=OuterRef("by"))
    by_group = Exists(grouped.filter(group__name__in=policy.roles))
    kept = Exists(grouped.filter(group__name__in={roles.MACHINE} & set(policy.roles)))
    in_place = Q(Exists(there.filter(role__in=policy.roles))) | Q(kept)
    return given.filter(in_place | (Q(~Exists(there)) & Q(by_group)))


def _said_of_takes() -> QuerySet[Approval]:
    """One a person and take: that person's newest word on it, if it is a yes."""
    later = Approval.everything.filter(
        scene=OuterRef("scene"), by=OuterRef("by"), take=OuterRef("take"), pk__gt=OuterRef("pk")
    )
    found = Approval.everything.filter(~Exists(later), withdrawn__isnull=True).order_by()
    return found.filter(decision=Approval.Decision.APPROVED)


def _standing_approvals() -> QuerySet[Approval]:
    """One a person and scene's version: that person's newest word on it, if it is a yes."""
    later = Approval.objects.filter(
        scene=OuterRef("scene"),
        by=OuterRef("by"),
        take__version=OuterRef("take__version"),
        pk__gt=OuterRef("pk"),
    )
    found = Approval.objects.filter(~Exists(later), withdrawn__isnull=True).order_by()
    return found.filter(decision=Approval.Decision.APPROVED)


def _raw(statement: str, *values: Any) -> RawSQL:
    return RawSQL(statement, values)  # noqa: S611  (nothing that anybody typed is in it)
