"""What an import of a spreadsheet costs: made films with eight columns, in three passes, and what
taking it back does."""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archive.importing import IMPORTED, TAKEN_BACK, import_file, take_back
from archive.models import Event, Reel

SEED = 1912
HEADINGS = ("title", "date", "country", "language", "gauge", "credits", "reel_number", "location")
_FIRST = ("Anna", "Per", "Ivo", "Edith", "Oskar", "Lena", "Marcel", "Rosa", "Emil", "Clara")
_LAST = ("Moe", "Lie", "Novak", "Berg", "Castle", "Dupont", "Hall", "Irving", "Jensen", "Krause")
_NOUNS = ("Harbour", "Night", "Market", "Winter", "Letter", "Bridge", "Garden", "Mountain")
_DATES = ("19{}", "19{}~", "19{}?", "19{}-05", "19{}/1931", "192X")


def measure(rows: int) -> dict[str, Any]:
    """Rows a second of a file of so many rows: all new, the same again, all changed; the change
    taken back; and as many other films, which came in meanwhile, taken back beside them."""
    with tempfile.TemporaryDirectory(prefix="reelproof-import-") as folder:
        path = Path(folder, "reels.csv")
        _write(path, HEADINGS, _films(rows))
        new = _rate(path, "new", rows)
        again = _rate(path, "unchanged", rows)
        numbers = Reel.objects.order_by("pk").values_list("pk", flat=True)
        _write(path, ("reel", "location"), ((str(pk), f"Vault B, {pk}") for pk in numbers))
        return {"rows": rows, "columns": len(HEADINGS), "rows_per_second": {
            "new": new, "again": again, "changed": _rate(path, "changed", rows),
            "restored": _rate_back(rows), "removed": _removed(rows)}}  # fmt: skip


def _removed(rows: int) -> float:
    with tempfile.TemporaryDirectory(prefix="reelproof-import-") as folder:
        path = Path(folder, "others.csv")
        others = ((f"Other {each[0]}", *each[1:]) for each in _films(rows))
        _write(path, HEADINGS, others)
        import_file(path, by=None)
    return _rate_back(rows)


def _films(count: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(SEED)
    for number in range(count):
        names = [f"{chance.choice(_FIRST)} {chance.choice(_LAST)} {number % 4000}" for _ in "ab"]
        yield (
            f"{chance.choice(_NOUNS)} {chance.choice(_NOUNS)} {number}",
            chance.choice(_DATES).format(chance.randrange(10, 31)),
            chance.choice(("Norway", "France", "Germany")),
            chance.choice(("Norwegian", "French", "deu")),
            chance.choice(("35 mm", "16 mm")),
            f"director: {names[0]}; camera: {names[1]}",
            "1",
            f"Vault {number % 40}",
        )


def _write(path: Path, headings: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headings, *rows])


def _rate(path: Path, outcome: str, rows: int) -> float:
    begun = time.perf_counter()

    def progress(gone: int) -> None:
        rate = gone / (time.perf_counter() - begun)
        sys.stderr.write(f"{outcome}: {gone:,} of {rows:,} rows, {rate:.0f} a second\n")

    made = import_file(path, by=None, progress=progress)
    took = time.perf_counter() - begun
    if made.counts()[outcome] != rows:
        raise RuntimeError(f"of {rows} rows that should be {outcome}: {made.counts()}")
    return round(rows / took, 1)


def _rate_back(rows: int) -> float:
    """Of the newest import that stands."""
    gone = set(Event.objects.filter(kind=TAKEN_BACK).values_list("subject", flat=True))
    imports = Event.objects.filter(kind=IMPORTED).order_by("-pk")
    subject = next(each for each in imports.values_list("subject", flat=True) if each not in gone)
    begun = time.perf_counter()
    counts = take_back(subject.removeprefix("import:"), by=None)
    took = time.perf_counter() - begun
    if counts["kept"] or sum(counts.values()) != rows:
        raise RuntimeError(f"of {rows} rows that should be taken back: {counts}")
    return round(rows / took, 1)
