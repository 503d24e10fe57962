"""The catalogue's flat table says what its reels say; what was counted holds until it changes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from archive import catalogue_marks
from archive.models import CatalogueChange, CatalogueLine, Collection, FacetValue, Reel, Title
from review import catalogue_counts
from review.catalogue import narrow
from tests import factories

pytestmark = pytest.mark.django_db


def told(reel: Reel) -> tuple[object, ...]:
    line = CatalogueLine.objects.get(reel=reel)
    values = dict(FacetValue.objects.values_list("pk", "value"))
    said = (line.access, line.decade, line.country, line.gauge)
    return (line.name, line.number, line.collection, *(values.get(each) for each in said))


def test_a_line_follows_reel_element_and_title_whatever_way_they_change() -> None:
    reel = factories.make_reel(element=factories.make_element(gauge="35 mm"))
    assert told(reel) == ("Harbour Day", 1, None, "staff", None, None, "35 mm")
    kept_in = Collection.objects.create(name="Newsreels")
    Title.objects.update(name="Night", year="1926~", country="Norway", collection=kept_in)
    Reel.objects.update(access="research", number=3)
    reel.element.gauge = "16 mm"
    reel.element.save()
    assert told(reel) == ("Night", 3, kept_in.pk, "research", "192", "Norway", "16 mm")
    other = factories.make_element(title=factories.make_title("Day"), gauge="")
    Reel.objects.filter(pk=reel.pk).update(element=other)
    assert told(reel) == ("Day", 3, None, "research", None, None, None)
    reel.delete()
    assert not CatalogueLine.objects.exists()


def test_one_mark_is_left_by_each_transaction_that_changed_something() -> None:
    before = catalogue_marks.state()
    reels = [factories.make_reel() for _ in range(3)]
    assert CatalogueChange.objects.count() == 1, "this test is one transaction"
    after = catalogue_marks.state()
    assert after != before
    with pytest.raises(IntegrityError), transaction.atomic():
        Reel.objects.filter(pk=reels[0].pk).update(access="public")
        factories.make_reel(element=reels[0].element)
    assert catalogue_marks.state() == after, "what was taken back left no mark"
    Reel.objects.filter(pk=reels[0].pk).update(notes="of no facet")
    assert catalogue_marks.state() == after


def test_many_marks_become_one_that_never_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_marks, "MOST", 2)
    CatalogueChange.objects.bulk_create(CatalogueChange() for _ in range(3))
    before = {row.pk for row in CatalogueChange.objects.all()}
    assert catalogue_marks.sweep() == {"catalogue_marks": 3}
    assert CatalogueChange.objects.get().pk not in before


@pytest.mark.django_db(transaction=True)
def test_counts_hold_until_something_changes_and_no_longer(
    reviewer: User, archivist: User, django_assert_num_queries: object
) -> None:
    reel = factories.make_reel(element=factories.make_element(gauge="35 mm"))
    assert [narrow(user, {}).count for user in (reviewer, archivist)] == [1, 1]
    title = reel.element.title
    title.rights.create(statement="http://rightsstatements.org/x/", embargo="2999-01-01")
    assert [narrow(user, {}).count for user in (reviewer, archivist)] == [0, 1]
    assert [narrow(user, {"gauge": "35 mm"}).count for user in (reviewer, archivist)] == [0, 1]
    factories.make_reel(element=factories.make_element(gauge="35 mm"))
    counted = [narrow(user, {"gauge": "35 mm"}) for user in (reviewer, archivist)]
    assert [(each.count, each.everything) for each in counted] == [(1, 1), (2, 2)]
    with django_assert_num_queries(4):  # type: ignore[operator]  # roles, marks, the number of 35 mm
        narrow(User.objects.get(pk=archivist.pk), {"gauge": "35 mm"})


def test_words_of_very_many_reels_are_counted_so_far_and_listed_in_order(
    reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_counts, "MOST", 2)
    for name in ("Harbour C", "Harbour B", "Harbour A", "Night"):
        title = factories.make_title(name)
        factories.make_reel(element=factories.make_element(title=title, gauge="35 mm"))
    for wanted in ({"words": "harb"}, {"words": "harb", "gauge": "35 mm"}):
        found = narrow(reviewer, wanted)
        assert (found.said_count, found.count, found.everything) == ("2+", 2, 4)
        names = [Reel.objects.get(pk=pk).title.name for pk in found.page(0, 2)]
        assert names == ["Harbour A", "Harbour B"], "not of those that were counted alone"
        assert found.reels.count() == 3
    assert narrow(reviewer, {"state": "new"}).said_count == "2+"
    assert narrow(reviewer, {"words": "night"}).said_count == "1"


def test_an_archive_without_anything_to_see_finds_nothing_and_breaks_on_no_word(
    researcher: User,
) -> None:
    for wanted in ({}, {"words": "harbur"}, {"words": "harbour", "gauge": "35 mm"}):
        assert (narrow(researcher, wanted).count, narrow(researcher, wanted).page(0, 5)) == (0, [])
    factories.make_reel()
    assert narrow(researcher, {"words": "harbur"}).count == 0, "it is for staff only"
    factories.make_reel(access="research")
    assert narrow(researcher, {"words": "harbur"}).instead == {"harbur": ("harbour",)}
