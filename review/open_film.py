"""A reel's rows as the values that IIIF documents are made of, for somebody who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.urls import reverse

from archive.models import Reel, Scan
from restoration.borders import borders
from restoration.models import Scene
from review.formats.iiif import CHECKED, DOUBTFUL, MACHINE, Film, Mark, Said
from review.models import SearchLine
from review.search import finding
from review.search.fields import Field, Filters
from review.search.index import SPOKEN
from review.search.matching import spans
from review.search.query import Query, parse


def film_of(reel: Reel, scan: Scan, *, user: Any, site: str) -> Film:
    """What the manifest says; the viewing copy only if it is made and the person may see it.

    Args:
        site: what addresses begin with, without a slash at its end.
    """
    title, element = reel.title, reel.element
    facts = (
        ("Title", title.name),
        ("Year", title.year),
        ("Country", title.country),
        ("Archive", title.collection.name if title.collection else ""),
        ("Carrier", ", ".join(filter(None, (element.name, element.gauge, element.stock)))),
        ("Frames", f"{scan.frames} at {scan.rate} a second"),
    )
    is_shown = scan.derivatives == Scan.Derivatives.READY and user.has_perm(
        "archive.view_media", reel
    )
    middle = scan.frames // 2
    return Film(
        name=str(reel),
        facts=tuple((label, value) for label, value in facts if value),
        rights=tuple(title.rights.values_list("statement", "holder")),
        page=site + reverse("open-reel", args=[reel.pk]),
        frames=scan.frames,
        rate=scan.rate,
        width=scan.width,
        height=scan.height,
        video=site + reverse("scan-proxy", args=[scan.pk]) if is_shown else "",
        still=site + reverse("scan-still", args=[scan.pk, middle]) if is_shown else "",
    )


def lines_of(reel: Reel) -> Iterator[Said]:
    """What is said and shown as titles, as the index holds it."""
    rows = SearchLine.objects.filter(reel=reel, kind__in=SPOKEN).defer("vector", "after")
    return (said(row) for row in rows.order_by("number"))


def said(row: SearchLine) -> Said:
    standing = CHECKED if row.checked else DOUBTFUL if row.doubtful else MACHINE
    frames = (row.start_frame, row.end_frame)
    return Said(row.key, row.text, frames, standing, row.speaker, row.language)


def scenes_of(scan: Scan) -> Iterator[Said]:
    """The scenes; one is checked where a person spoke of the cuts at both of its ends."""
    current = list(Scene.objects.current().filter(scan=scan))
    checked = {border.frame for border in borders(scan, current) if border.is_checked}
    checked |= {0, scan.frames}
    for number, scene in enumerate(current, start=1):
        frames = (scene.start_frame, scene.end_frame)
        text = f"Scene {number} ({scene.get_kind_display()}), frames {frames[0]} to {frames[1] - 1}"
        is_checked = len(current) > 1 and checked.issuperset(frames)
        yield Said(f"scene{scene.pk}", text, frames, CHECKED if is_checked else MACHINE)


def search(asked: str, reel: Reel, *, user: Any) -> tuple[Query, list[SearchLine]]:
    """The search as it was understood, and the spoken lines of the reel that it finds, in order.

    Raises: finding.TooSlow.
    """
    query = parse(asked)
    others = (field for field in query.filters.fields if field.name != "reel")
    within = replace(query, filters=Filters((*others, Field("reel", (reel.pk,)))))
    understood, batches = finding.find_all(within, user=user)
    rows = (row for batch in batches for row in batch)
    return understood, [row for row in rows if row.kind in SPOKEN]


def marks(rows: list[SearchLine], query: Query) -> Iterator[Mark]:
    """The places in each line's own text; a line without any stands once with none."""
    for row in rows:
        whole = f"{row.text} {row.after}" if row.after else row.text
        own = [
            span
            for span in spans(query.node, whole, language=row.language)
            if span.start < len(row.text)
        ]
        for span in own:
            end = min(span.end, len(row.text))
            yield Mark(
                said(row), row.text[: span.start], row.text[span.start : end], row.text[end:]
            )
        if not own:
            yield Mark(said(row), "", "", "")
