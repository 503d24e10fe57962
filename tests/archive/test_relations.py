"""A relation is shown by the other film's name, from both ends, to those who see both."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from archive import relations
from archive.models import Reel, Relation
from tests import factories

pytestmark = pytest.mark.django_db


def reel_of(name: str, element: str = "", **fields: Any) -> Reel:
    title = factories.make_title(name)
    made = factories.make_element(title=title, name=element)
    return factories.make_reel(element=made, access="research", **fields)


def told(found: list[relations.Told]) -> list[tuple[str, str, Reel | None]]:
    return [(each.kind, each.words, each.reel) for each in found]


def test_both_ends_name_each_other(client: Client, archivist: Any, settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    negative, copy = reel_of("Harbour Day", "negative"), reel_of("Harbour Day, copy", "print")
    relate = copy.title.relations.create
    relate(kind="print of", to=f"element {negative.element_id}", element=copy.element)
    relate(kind="remake of", to=f"title {negative.title.pk}")
    relate(kind="version of", to="a film of 1911")

    assert told(relations.of(copy, archivist)) == [
        ("print of", "Harbour Day, negative", negative),
        ("remake of", "Harbour Day", negative),
        ("version of", "a film of 1911", None),
    ]
    assert told(relations.naming(negative, archivist)) == [
        ("print of", "Harbour Day, copy, print", copy), ("remake of", "Harbour Day, copy", copy),
    ]  # fmt: skip
    assert relations.naming(copy, archivist) == []
    client.force_login(archivist)
    page = client.get(reverse("reel", args=[negative.pk])).content.decode()
    assert "Named by" in page and reverse("reel", args=[copy.pk]) in page


def test_elements_of_one_title_name_each_other(archivist: Any) -> None:
    copy = reel_of("Harbour Day", "print")
    negative = factories.make_element(title=copy.title, name="negative")
    held = factories.make_reel(element=negative)
    relation = Relation(title=copy.title, element=copy.element, kind="print of")
    relation.to = f"element {negative.pk}"
    relation.save()

    assert [each.words for each in relations.of(copy, archivist)] == ["Harbour Day, negative"]
    assert [each.words for each in relations.naming(held, archivist)] == ["Harbour Day, print"]
    assert relations.of(held, archivist) == [], "it is of the other carrier"


def test_nobody_learns_of_a_film_that_they_do_not_see(archivist: Any, researcher: Any) -> None:
    secret, other = reel_of("Secret"), reel_of("Open")
    secret.title.rights.create(
        statement="http://rightsstatements.org/vocab/InC/1.0/", embargo="2999-01-01"
    )
    other.title.relations.create(kind="trailer for", to=f"title {secret.title.pk}")
    secret.title.relations.create(kind="version of", to=f"title {other.title.pk}")

    words = f"title {secret.title.pk}"
    assert told(relations.of(other, researcher)) == [("trailer for", words, None)]
    assert relations.naming(other, researcher) == []
    assert [each.words for each in relations.naming(other, archivist)] == ["Secret"]
