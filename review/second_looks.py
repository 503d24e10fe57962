"""Approved scenes for which a use wants one more person, and who of them may be that person.

Asked in the database, and of all scenes at once, since an archive may have approved a hundred
thousand of them. Who counts is what `review.people` tells on the scene's page and `review.gate`
decides by.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from archive import roles
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


def of_person(person: Any, rows: QuerySet[SceneStanding]) -> QuerySet[SceneStanding]:
    """Of these rows the approved ones that this person's approval would bring further for a use."""
    wanting = Q(pk__in=())
    for policy in policies().values():
        if policy.asks_who and _is_in_role(policy, person):
            wanting |= _wants(policy, person)
    theirs = _standing_approvals().filter(by=person).values("take")
    return rows.filter(wanting, ~Q(take__in=theirs), state=State.APPROVED)


def _is_in_role(policy: Policy, person: Any) -> bool:
    return not policy.roles or bool(roles.of(person).anywhere() & set(policy.roles))


def _wants(policy: Policy, person: Any) -> Q:
    """Fewer people than it wants, and the person would be one who counts.

    Roles in single collections are not counted here: with a policy that names roles a scene may be
    listed that has enough people.
    """
    counted, others = _standing_approvals(), Q()
    if policy.roles:
        counted = counted.filter(by__groups__name__in=policy.roles)
    if policy.makers == "left out":
        counted = counted.exclude(pk__in=_raw(_BY_WHO_RAN_IT))
        others = ~Q(take__in=_raw(_RAN_BY, person.pk))
    number = counted.values("take").annotate(people=Count("by", distinct=True))
    return others & ~Q(take__in=number.filter(people__gte=policy.people).values("take"))


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


def _raw(statement: str, *values: int) -> RawSQL:
    return RawSQL(statement, values)  # noqa: S611  (nothing that anybody typed is in it)
