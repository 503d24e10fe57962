"""Hits in context: what stands left of each, the hit, what stands right of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from archive.timecode import timecode
from restoration.models import Scene
from review.models import SearchLine
from review.search import finding
from review.search.index import SPOKEN
from review.search.matching import spans
from review.search.query import Query
from review.search.words import words

MOST_LEFT = 90
"""Characters of context before the hit; a line's own beginning is cut at a word."""
MOST_SORTED = 1_000
"""Hits that are put in order of the words beside them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of the concordance."""

    line: SearchLine
    left: str
    hit: str
    right: str
    scene: int | None = None
    """Of a note: the scene that its first frame lies in now."""

    @property
    def start_timecode(self) -> str:
        return self._timecode(self.line.start_frame)

    @property
    def end_timecode(self) -> str:
        return self._timecode(self.line.end_frame)

    def _timecode(self, frame: int) -> str:
        scan = self.line.scan
        return timecode(frame, scan.rate, scan.start_timecode) if scan else ""

    @property
    def standing(self) -> tuple[str, str]:
        """Who answers for the words, and the tone of the badge; empty for what people wrote."""
        if self.line.kind not in SPOKEN:
            return "", ""
        if self.line.checked:
            return "checked", "good"
        return ("machine, doubtful", "warn") if self.line.doubtful else ("machine", "attend")

    def address(self, asked: str = "") -> str:
        """Where it is heard or read: by reel, frame and line, so that it outlives a transcript."""
        line = self.line
        if self.scene is not None:
            return f"{reverse('scene', args=[self.scene])}#frame={line.start_frame}"
        if line.kind == SearchLine.Kind.NOTE or line.scan is None:
            return reverse("reel", args=[line.reel_id])
        query: dict[str, Any] = {"frame": line.start_frame, "line": line.key.partition("~")[0]}
        if asked:
            query["q"] = asked
        return f"{reverse('transcript', args=[line.reel_id])}?{urlencode(query)}"


def hits(lines: Sequence[SearchLine], query: Query) -> list[Hit]:
    """The lines as rows of a concordance, in their order."""
    before, scenes = _before(lines), _scenes(lines)
    found = (_hit(line, query, before.get(line.pk, "")) for line in lines)
    return [replace(hit, scene=scenes.get(hit.line.pk)) for hit in found]


def _hit(line: SearchLine, query: Query, before: str) -> Hit:
    said = f"{line.text} {line.after}" if line.after else line.text
    own = [
        span
        for span in spans(query.node, said, language=line.language)
        if span.start < len(line.text)
    ]
    if not own:
        return Hit(line, "", line.text, "")
    left, hit = f"{before} {said[: own[0].start]}".strip(), said[own[0].start : own[0].end]
    return Hit(line, _cut(left), hit, said[own[0].end :].strip())


def _cut(left: str) -> str:
    if len(left) <= MOST_LEFT:
        return left
    return "… " + left[-MOST_LEFT:].partition(" ")[2]


def _scenes(lines: Sequence[SearchLine]) -> dict[int, int]:
    """The scene that each note begins in, by the note's line; none where no cuts were made."""
    notes = [line for line in lines if line.kind == SearchLine.Kind.NOTE]
    if not notes:
        return {}
    current = Scene.objects.current().filter(scan__in={line.scan_id for line in notes})
    places = list(current.values_list("pk", "scan_id", "start_frame", "end_frame"))
    return {
        line.pk: scene
        for line in notes
        for scene, scan, start, end in places
        if scan == line.scan_id and start <= line.start_frame < end
    }


def _before(lines: Sequence[SearchLine]) -> dict[int, str]:
    """The text of the line before each."""
    spoken = [line for line in lines if line.kind in SPOKEN and line.number]
    places = {(line.reel_id, line.number - 1): line.pk for line in spoken}
    with finding.asking() as ask:
        found = ask(
            "SELECT line.reel_id, line.number, line.text FROM review_searchline line JOIN"
            " unnest(%s::bigint[], %s::int[]) AS wanted (reel_id, number) USING (reel_id, number)"
            " WHERE line.kind = ANY(%s)",
            [[reel for reel, _ in places], [number for _, number in places], list(SPOKEN)],
        )
    return {places[reel, number]: text for reel, number, text in found}


def in_order(found: Sequence[Hit], order: str) -> list[Hit]:
    """By the words that stand beside the hit: `left` reads away from it, nearest word first."""
    if order == "left":
        return sorted(found, key=lambda hit: words(hit.left)[::-1])
    if order == "right":
        return sorted(found, key=lambda hit: words(hit.right))
    return list(found)
