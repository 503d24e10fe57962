"""Lines are found by what they mean where pgvector is, by those who may see them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from dramatiq.errors import BrokerConnectionError

from archive.models import Reel
from config import cluster, dumping
from restoration import transcripts
from review import tasks
from review.search import meaning, sentences
from review.search.query import parse
from tests.conftest import superuser
from tests.review.search.said import reel_that_says

pytestmark = pytest.mark.django_db
LIKE = ("goodbye farewell", "ship boat harbour", "sick ill doctor", "money poor rent")
"""Words that mean the like, for points made without a network: one direction each."""


@pytest.fixture(scope="module")
def extension(django_db_setup: None) -> Iterator[None]:
    """As `manage.py meaning` makes it; committed, and gone after the last test here."""
    with superuser() as connection:
        known = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        if known.fetchone() is None:
            pytest.skip("this PostgreSQL has no pgvector")
        connection.execute("CREATE EXTENSION vector")
        connection.execute(f"SET ROLE {cluster.OWNER_ROLE}")
        for statement in meaning.MAKE:
            connection.execute(statement)
    yield
    with superuser() as connection:
        connection.execute("DROP EXTENSION vector CASCADE; DROP SCHEMA meaning CASCADE")


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(texts: Sequence[str]) -> Any:
        made = np.full((len(texts), sentences.SIZE), 1e-3, np.float32)
        for row, text in zip(made, texts, strict=True):
            for place, words in enumerate(LIKE):
                row[place] += sum(word in text.lower() for word in words.split())
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    monkeypatch.setattr(sentences, "embed", embed)
    monkeypatch.setattr(sentences, "can_run", lambda: True)


def said(asked: str, user: User) -> list[str]:
    return [line.text for line in meaning.find(parse(asked), user=user).lines]


def test_without_the_extension_nothing_offers_it(
    points: None, client: Client, researcher: User
) -> None:
    reel_that_says("Goodbye, my love.", access="research")
    client.force_login(researcher)
    html = client.get("/search/", {"q": "goodbye", "by": "meaning"}).content.decode()
    assert "By meaning" not in html and "1 hit" in html


def test_lines_are_found_by_meaning_and_never_those_that_one_may_not_see(
    extension: None,
    points: None,
    client: Client,
    researcher: User,
    reviewer: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    told: list[int] = []

    def away(reel: int) -> None:
        told.append(reel)
        raise BrokerConnectionError("away")

    monkeypatch.setattr(tasks.learn_meaning, "send", away)
    opened = reel_that_says(
        "Goodbye, my love.", "The doctor comes.", "A boat.", speaker="Anna", access="research"
    )
    hidden = reel_that_says("A secret farewell.", access=Reel.Access.STAFF)
    reel_that_says("Adieu, goodbye.", language="fr", access="research")
    assert sum(meaning.learn(reel.pk) for reel in (opened, hidden)) == 4
    assert sum(meaning.learn_more()) == 0, "each once, and English alone"
    assert said("farewell", researcher) == ["Goodbye, my love."]
    assert said("farewell", reviewer)[0] == "A secret farewell.", "it has the word as well"
    assert said("ship speaker:anna", reviewer) == ["A boat."]
    assert said("ship speaker:bert", reviewer) == []
    client.force_login(researcher)
    html = client.get("/search/", {"q": "farewell", "by": "meaning"}).content.decode()
    assert "1 line near in meaning" in html and "secret" not in html
    assert "A machine judged" in html and "By meaning" in html
    html = client.get("/search/", {"q": "speaker:anna", "by": "meaning"}).content.decode()
    assert "Nothing is asked for" in html

    version = transcripts.current(opened.scans.get())
    assert version is not None
    with django_capture_on_commit_callbacks(execute=True):
        transcripts.correct(version, "text", ["m0"], {"text": "The rent is due."}, by=reviewer)
    assert told == [opened.pk], "a worker is told, and a broker that is away fails nothing"
    assert said("farewell", researcher) == [], "what was held of the old words is gone"
    tasks.learn_meaning.fn(opened.pk)
    assert said("poor", researcher) == ["The rent is due."]


@pytest.mark.slow
@pytest.mark.skipif(not sentences.can_run(), reason="weights not fetched")
def test_the_network_knows_what_sentences_have_in_common() -> None:
    lines = ("Goodbye, we shall not meet again.", "The doctor says the child is ill.", "We sail.")
    asked = ("farewell", "somebody is sick", "boat departing")
    likeness = sentences.embed(asked) @ sentences.embed(lines).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2]
    assert np.allclose(np.linalg.norm(sentences.embed(lines), axis=1), 1, atol=1e-5)


MEANT = {
    "somebody is very ill with a high temperature": "The child has a fever and will not eat.",
    "newborn looks like its father": "The baby has your eyes.",
    "we are poor": "We have not a penny in the house.",
    "he died at sea": "Your brother drowned off the point.",
    "a corpse was discovered": "There is a dead man in compartment four.",
    "workers refuse to work": "Strike! Put down your tools!",
    "she wants to end the marriage": "I shall ask for a divorce.",
}


def test_where_few_lines_are_near_the_nearest_of_the_rest_are_shown() -> None:
    few = [(1, 0.5), (2, 0.25), (3, 0.23), (4, 0.2)]
    assert meaning._near(few) == {1: 0.5, 2: 0.25, 3: 0.23}, "and not what nonsense comes to"
    many = [(pk, 0.4) for pk in range(20)]
    assert list(meaning._near([*many, (20, 0.29)])) == list(range(20))


@pytest.mark.slow
@pytest.mark.skipif(not sentences.can_run(), reason="weights not fetched")
def test_the_network_finds_a_sentence_by_other_words(
    extension: None, client: Client, researcher: User
) -> None:
    reel = reel_that_says(*MEANT.values(), "The gulls are loud.", "Drop it.", access="research")
    reel_that_says("The infant is feverish.", access=Reel.Access.STAFF)
    assert sum(meaning.learn_more()) == len(MEANT) + 3
    for asked, sentence in MEANT.items():
        assert said(asked, researcher)[0] == sentence
    client.force_login(researcher)
    html = client.get("/search/", {"q": next(iter(MEANT)), "by": "meaning"}).content.decode()
    assert html.index("has a fever") and "infant" not in html and f"/reels/{reel.pk}/" in html


def test_a_backup_leaves_out_what_can_be_made_anew(extension: None, tmp_path: Path) -> None:
    dumping.dump(connections["owner"].settings_dict, tmp_path / "database.dump")
    listed = subprocess.run(
        [dumping._find("pg_restore"), "--list", tmp_path / "database.dump"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "review_searchline_part0" in listed
    assert "meaning" not in listed and " vector" not in listed.replace("search_lines_vector", "")
