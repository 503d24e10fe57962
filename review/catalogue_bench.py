"""What the catalogue's page costs with many reels: made films, asked as archivists ask.

The page is asked for through every middleware, by somebody of each role and by somebody with other
roles in some collections, and timed as a whole: by the clock, and by what this process and its
database server computed for it, which says more on a machine that others use too.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.test import Client, override_settings
from django.urls import reverse

from archive.models import Collection, CollectionRole, Element, Reel, Rights, Title
from review.models import SearchLine
from review.search import vocabulary
from review.search.lexemes import vector
from review.search.words import words

SEED = 1912
SCANS = 10
"""Of each reel."""
ASKED = 40
"""Pages of each kind."""
REELS_OF_A_TITLE = 2
GAUGES, GENERATIONS = ("35 mm", "16 mm", "9.5 mm", "8 mm", ""), ("original negative", "print", "")
COLOURS, SOUNDS = ("black and white", "tinted", "colour"), ("silent", "optical", "")
COUNTRIES = ("Norway", "France", "Germany", "Italy", "Norway; Sweden", "United States", "")
_STARTS = ("harb", "wint", "mark", "lett", "brid", "gard", "moun", "stat", "vill", "cast", "fest")
_ENDS = ("our", "er", "et", "ow", "ing", "ain", "ion", "age", "le", "ival", "en", "ia", "os", "um")
_STILL = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}


def measure(reels: int) -> dict[str, Any]:
    """Make `reels` reels with SCANS scans each, ask; milliseconds and questions to the database."""
    begun = time.perf_counter()
    names = fill(reels)
    built = time.perf_counter() - begun
    asker, others = _Asker(names, _by_groups()), _Asker(names, [_in_collections()])
    with override_settings(STORAGES=_STILL, ALLOWED_HOSTS=["testserver"]):
        spent = {kind: asker.spent(ask) for kind, ask in asker.kinds().items()}
        theirs = {kind: others.spent(ask) for kind, ask in others.kinds().items()}
        queries, their_queries = asker.queries(), others.queries()
    return {
        "reels": reels,
        "scans": reels * SCANS,
        "p95_ms": {kind: _p95(wall) for kind, (wall, _) in spent.items()},
        "p50_ms": {kind: round(float(np.median(wall)), 1) for kind, (wall, _) in spent.items()},
        "computed_p95_ms": {kind: _p95(computed) for kind, (_, computed) in spent.items()},
        "queries_a_page": queries,
        "with_roles_in_collections": {
            "p95_ms": {kind: _p95(wall) for kind, (wall, _) in theirs.items()},
            "computed_p95_ms": {kind: _p95(computed) for kind, (_, computed) in theirs.items()},
            "queries_a_page": their_queries,
        },
        "build_s": round(built, 1),
    }


def _p95(milliseconds: list[float]) -> float:
    return round(float(np.percentile(milliseconds, 95)), 1)


def fill(count: int) -> list[str]:
    """A catalogue of so many reels, their scans and lines to search; the words of its titles."""
    chance = random.Random(SEED)
    pool = [f"{a}{b}{c}" for a in _STARTS for b in _ENDS for c in ("", "s", "by", "ton")]
    kept_in = Collection.objects.bulk_create(
        [Collection(name=f"Collection {n}") for n in range(20)]
    )
    titles = Title.objects.bulk_create(
        (
            Title(
                name=f"{chance.choice(pool)} {chance.choice(pool)} {number}".capitalize(),
                year=f"{chance.randrange(1895, 1976)}{chance.choice(('', '~', '?'))}",
                country=chance.choice(COUNTRIES),
                language="Norwegian",
                collection=chance.choice(kept_in),
                notes=" ".join(chance.choices(pool, k=12)),
            )
            for number in range(-(-count // REELS_OF_A_TITLE))
        ),
        batch_size=5000,
    )
    Rights.objects.bulk_create(
        Rights(title=each, statement="http://rightsstatements.org/vocab/InC/1.0/",
               embargo="2090-01-01") for each in titles[::500]
    )  # fmt: skip
    elements = Element.objects.bulk_create(
        (
            Element(title=title, gauge=chance.choice(GAUGES), colour=chance.choice(COLOURS),
                    generation=chance.choice(GENERATIONS), sound=chance.choice(SOUNDS))
            for title in titles
        ),
        batch_size=5000,
    )  # fmt: skip
    made = Reel.objects.bulk_create(
        (
            Reel(element=elements[number // REELS_OF_A_TITLE],
                 number=1 + number % REELS_OF_A_TITLE,
                 access=chance.choice(("staff", "research", "public")))
            for number in range(count)
        ),
        batch_size=5000,
    )  # fmt: skip
    _copy_lines(made)
    _copy_scans(made)
    vocabulary.learn([*pool, *(word for title in titles[:2000] for word in words(title.name))])
    with connections["owner"].cursor() as cursor:  # the application's role may not, and is told so
        cursor.execute("VACUUM (ANALYZE)")
    return pool


def _copy_lines(reels: list[Reel]) -> None:
    columns = ("reel_id", "kind", "key", "number", "start_frame", "end_frame", "text", "after",
               "speaker", "language", "checked", "doubtful", "vector")  # fmt: skip
    with connection.cursor() as cursor:
        sql = f"COPY review_searchline ({', '.join(columns)}) FROM STDIN"
        with cursor.copy(sql) as copy:
            for reel in reels:
                title = reel.element.title
                text = f"{title.name}. {title.year}. {title.country}. {title.notes}"
                said = vector(words(text), (), language="", title=title.name)
                copy.write_row((reel.pk, SearchLine.Kind.CATALOGUE.value, "catalogue", 0, 0, 0,
                                text, "", "", "", True, False, said))  # fmt: skip


def _copy_scans(reels: list[Reel]) -> None:
    values = {
        "kind": "file", "bytes": 10**9, "frames": 24_000, "rate_numerator": 24,
        "rate_denominator": 1, "variable_rate": False, "start_timecode": "", "width": 2048,
        "height": 1556, "pixel_format": "gray10le", "bit_depth": 10, "field_order": "progressive",
        "colour": "{}", "audio": "[]", "mediainfo": "{}", "warnings": "[]", "derived": "",
        "derivatives": "ready", "derivatives_done": 24_000, "derivatives_error": "",
        "derivatives_attempts": 1, "scanner": "Scanity", "scanned": "2024-05", "operator": "",
        "remarks": "",
    }  # fmt: skip
    rest = list(values.values())
    with connection.cursor() as cursor:
        columns = ", ".join(("reel_id", "path", "sha256", "framemd5", "created", *values))
        with cursor.copy(f"COPY archive_scan ({columns}) FROM STDIN") as copy:
            for reel in reels:
                for number in range(SCANS):
                    digest = hashlib.sha256(f"{reel.pk} {number}".encode()).hexdigest()
                    path = f"/nowhere/{digest}.mkv"
                    copy.write_row((reel.pk, path, digest, digest, "2026-01-01", *rest))


class _Asker:
    def __init__(self, pool: list[str], clients: list[Client]) -> None:
        self.pool, self.chance = pool, random.Random(SEED + 1)
        self.clients = clients
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (self.server,) = cursor.fetchone()
        self.last = max(1, Reel.objects.count() // 25 // 4)

    def kinds(self) -> dict[str, Callable[[], dict[str, Any]]]:
        choose = self.chance.choice
        return {
            "first_page": dict,
            "far_page": lambda: {"page": self.chance.randrange(2, self.last + 2)},
            "words": lambda: {"words": f"{choose(self.pool)} {choose(self.pool)}"},
            "beginning": lambda: {"words": choose(self.pool)[:3]},
            "misspelt": lambda: {"words": choose(self.pool)[:5] + "x" + choose("abc")},
            "one_facet": lambda: {"gauge": choose(GAUGES[:4])},
            "two_facets": lambda: {"country": choose(COUNTRIES[:4]), "decade": choose(_DECADES)},
            "state": lambda: {"state": choose(("new", "working", "review", "approved"))},
        }

    def spent(self, ask: Callable[[], dict[str, Any]]) -> tuple[list[float], list[float]]:
        """Milliseconds of each request, by the clock and computed."""
        spent = [self._timed(client, ask()) for _, client in zip(range(ASKED), self._turns())]  # noqa: B905
        return [wall for wall, _ in spent], [computed for _, computed in spent]

    def _turns(self) -> Iterator[Client]:
        while True:
            yield from self.clients

    def _timed(self, client: Client, asked: dict[str, Any]) -> tuple[float, float]:
        begun, before = time.perf_counter(), self._computed()
        answer = client.get(reverse("catalogue"), asked)
        took, computed = time.perf_counter() - begun, self._computed() - before
        if answer.status_code != 200:
            raise RuntimeError(f"{asked}: {answer.status_code}")
        return 1000 * took, 1000 * computed

    def _computed(self) -> float:
        """Seconds of this process and of the database's process that serves it; Linux."""
        server = Path(f"/proc/{self.server}/schedstat").read_text().split()[0]
        return time.process_time() + int(server) / 1e9

    def queries(self) -> int:
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        self.clients[0].get(reverse("catalogue"))
        made = len(connection.queries_log)
        connection.force_debug_cursor = False
        return made


_DECADES = ("190", "191", "192", "193")


def _by_groups() -> list[Client]:
    return [_client(role) for role in ("archivist", "restorer", "researcher")]


def _in_collections() -> Client:
    """A researcher who is something else in four of the twenty collections."""
    client = _client("researcher", name="bench-in-collections")
    user = User.objects.get(username="bench-in-collections")
    CollectionRole.objects.bulk_create(
        CollectionRole(user=user, collection=collection, role=role)
        for collection, role in zip(
            Collection.objects.order_by("pk")[:4],
            ("archivist", "restorer", "reviewer", "none"),
            strict=True,
        )
    )
    return client


def _client(role: str, *, name: str = "") -> Client:
    user = User.objects.create_user(name or f"bench-{role}")
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client
