"""What a condition on rows says of who sees what, the rule says of each reel; by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User

from archive import access, roles, sight
from archive.models import Collection, CollectionRole, Reel, TrashedReel
from archive.permissions import ROLES
from review import catalogue, catalogue_counts, trash
from review.models import SearchLine
from review.search import finding, index, query
from tests import factories

pytestmark = pytest.mark.django_db

RIGHTS = ("archive.view_history", "review.decide", "review.deliver", "restoration.view_work")


def an_archive(chance: random.Random) -> list[Reel]:
    """Reels in collections and in none, some closed, some under embargo, some in the trash."""
    kept_in: list[Collection | None] = [None]
    for number in range(4):
        made = Collection.objects.create(name=f"Collection {chance.random()} {number}")
        if chance.random() < 0.4:
            made.members.create(user=factories.make_user(chance.choice(ROLES)))
        kept_in.append(made)
    reels = []
    for _ in range(14):
        title = factories.make_title("Harbour Day")
        title.collection = chance.choice(kept_in)
        title.save()
        if chance.random() < 0.3:
            title.rights.create(statement="http://x.org/", embargo="2999-01-01")
        element = factories.make_element(title=title)
        reels.append(factories.make_reel(element=element, access=chance.choice(Reel.Access.values)))
    for reel in reels:
        index.reindex(reel)
    trash.put(reels[:1], by=factories.make_user("archivist"), reason="a double")
    return reels


def somebody(chance: random.Random) -> User:
    """Of no, one or two groups, with roles in some collections, a member of others."""
    person = factories.make_user()
    person.groups.set(Group.objects.filter(name__in=chance.sample(ROLES, chance.choice((0, 1, 2)))))
    for collection in Collection.objects.all():
        if chance.random() < 0.5:
            role = chance.choice(CollectionRole.Role.values)
            CollectionRole.objects.create(user=person, collection=collection, role=role)
        if chance.random() < 0.2:
            collection.members.create(user=person)
    return User.objects.get(pk=person.pk)


def disagreements(person: User, reels: list[Reel]) -> Iterator[str]:
    seen = {reel.pk for reel in reels if person.has_perm("archive.view_reel", reel)}
    trashed = set(TrashedReel.objects.values_list("reel", flat=True))
    yield from told("rows", access.visible_reels(person, Reel.objects.all()), seen)
    lines = catalogue_counts.open_lines(sight.of(person))
    yield from told("catalogue", lines.values_list("reel", flat=True), seen)
    assert catalogue.narrow(person, {}).count == len(seen - trashed)
    found = finding.find(query.parse("harbour"), user=person, size=100).lines
    yield from told("search", [line.reel_id for line in found], seen)
    for right in RIGHTS:
        over = {reel.pk for reel in reels if person.has_perm(right, reel)}
        if roles.of(person).there:
            rows = access.visible_reels(person, Reel.objects.all(), right)
            yield from told(f"rows for {right}", rows, seen & over)
        elif person.has_perm(right) != (len(over) == len(reels)):
            yield f"{right} is held in some collections by groups alone"


def told(where: str, rows, wanted: set[int]) -> Iterator[str]:
    got = {getattr(row, "pk", row) for row in rows}
    if got != wanted:
        yield f"{where}: {sorted(got)} instead of {sorted(wanted)}"


@pytest.mark.parametrize(
    ("seed", "people"),
    [(1, 4), *(pytest.param(n, 40, marks=pytest.mark.slow) for n in (2, 3, 4, 5))],
)
def test_rows_and_rules_agree_whatever_roles_people_have(seed, people, settings):
    chance = random.Random(seed)
    settings.PUBLIC_CATALOGUE = bool(seed % 2)
    reels = an_archive(chance)
    assert SearchLine.objects.exists()
    for _ in range(people):
        person = somebody(chance)
        said = list(disagreements(person, reels))
        assert said == [], f"{roles.of(person)} {said}"
