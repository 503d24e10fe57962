"""The researcher's page: what was said, in context and to the frame; files of it, citations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from archive.access import needs_somewhere, reel_for, signed_in
from archive.models import Reel
from archive.timecode import timecode
from restoration.weights import WeightsError
from review.models import SavedSearch, SearchLine
from review.search import alerts, citing, concordance, dumping, exporting, finding, meaning, saved
from review.search.index import SPOKEN
from review.search.lines import lines_of
from review.search.query import MOST_CHARACTERS, Query, in_brackets, parse, retyped

BROWSE = "archive.browse"
_FIELDS = {"speaker": "Speaker", "reel": "Reel", "year": "Year", "kind": "Kind",
           "language": "Language", "checked": "Checked by a person"}  # fmt: skip


_ORDERS = {
    "place": "in order",
    "reels": "by reel",
    "left": "by the word left of it",
    "right": "by the word right of it",
}
_YEARS = 12
"""Of more, decades are shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, and the search that it narrows to."""

    text: str
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class Group:
    """A reel with the first of its hits."""

    text: str
    count: int
    query: str
    """The search within it."""
    rows: list[tuple[concordance.Hit, str]]


@require_safe
@needs_somewhere(BROWSE)
def search(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    query = parse(asked)
    order = request.GET.get("order", "place")
    is_by_meaning = request.GET.get("by") == "meaning" and meaning.is_offered()
    context: dict[str, Any] = {
        "asked": asked,
        "offers_meaning": is_by_meaning or meaning.is_offered(),
        "query": query,
        "order": order if order in _ORDERS else "place",
        "orders": _ORDERS,
        "formats": exporting.FORMATS,
        "most": MOST_CHARACTERS,
    }
    if not query.is_empty():
        try:
            if is_by_meaning:
                context |= _near(request, query)
            elif request.GET.get("new") == "yes":
                context |= _new(request, query)
            else:
                context |= _answer(request, query, context["order"])
        except (finding.TooSlow, WeightsError) as error:
            context["too_slow"] = str(error)
    context["saved"] = _kept(request)
    context["mail"] = _mail(request)
    return render(request, "review/search.html", context)


def _answer(request: HttpRequest, query: Query, order: str) -> dict[str, Any]:
    page = _number(request.GET.get("page"))
    groups: list[Group] = []
    if order == "reels":
        found = finding.find(query, user=request.user, size=1)
        meant = retyped(_asked(request), found.instead)
        groups, count = _by_reel(request, found, meant, page)
        pages: Page[Any] = Paginator(range(count), finding.PAGE).get_page(page)
        hits = []
    elif order == "place":
        found = finding.find(query, user=request.user, page=page)
        hits = concordance.hits(found.lines, found.query)
        pages = Paginator(range(found.count), finding.PAGE).get_page(page)
    else:
        found = finding.find(query, user=request.user, size=concordance.MOST_SORTED)
        sorted_hits = concordance.in_order(concordance.hits(found.lines, found.query), order)
        pages = Paginator(sorted_hits, finding.PAGE).get_page(page)
        hits = list(pages.object_list)
    asked = _asked(request)
    saved.seen(asked, by=signed_in(request))
    meant = retyped(asked, found.instead)
    return {
        "found": found,
        "instead": _each_alone(asked, found.instead, found.instead),
        "near_words": _each_alone(asked, found.near, {}),
        "rows": [(hit, hit.address(meant)) for hit in hits],
        "groups": groups,
        "page": pages,
        "facets": _facets(found, meant) if found.facets else [],
        "meant": meant if found.instead else "",
        "is_partly_sorted": order in ("left", "right") and found.count > concordance.MOST_SORTED,
        "most_sorted": concordance.MOST_SORTED,
    }


def _each_alone(
    asked: str, words: dict[str, tuple[str, ...]], others: dict[str, tuple[str, ...]]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Near words by the word that is misspelt, each with the search for it in its place.

    Args:
        others: what stands in place of the other words.
    """
    return [
        (word, [(each, retyped(asked, {**others, word: (each,)})) for each in near])
        for word, near in words.items()
    ]


def _by_reel(
    request: HttpRequest, found: finding.Found, meant: str, page: int
) -> tuple[list[Group], int]:
    """The reels of a page, and how many there are."""
    reels, count = finding.by_reel(found.query, user=request.user, page=page)
    all_hits = concordance.hits([line for each in reels for line in each.lines], found.query)
    by_line = {hit.line.pk: (hit, hit.address(meant)) for hit in all_hits}
    asked = in_brackets(meant)
    groups = [
        Group(str(each.lines[0].reel), each.count, f"{asked} reel:{each.reel}",
              [by_line[line.pk] for line in each.lines])
        for each in reels if each.lines
    ]  # fmt: skip
    return groups, count


def _near(request: HttpRequest, query: Query) -> dict[str, Any]:
    """Lines near in meaning, the nearest first, each with how near a machine holds it to be."""
    near = meaning.find(query, user=request.user)
    hits = concordance.hits(near.lines, near.query)
    asked = _asked(request)
    return {
        "near": [(hit, hit.address(asked), near.likeness.get(hit.line.pk)) for hit in hits],
        "near_from": meaning.LEAST_LIKE,
        "has_hardly": any(like < meaning.LEAST_LIKE for like in near.likeness.values()),
        "is_by_meaning": True,
    }


def _new(request: HttpRequest, query: Query) -> dict[str, Any]:
    """What a kept search finds that it did not find when the person last looked.

    Raises: Http404, finding.TooSlow.
    """
    asked = _asked(request)
    owner = signed_in(request)
    kept = saved.since_last_look(
        get_object_or_404(SavedSearch, owner=owner, of=SavedSearch.Of.SEARCH, query=asked), by=owner
    )
    pages = Paginator(kept.new, finding.PAGE).get_page(request.GET.get("page"))
    hits = concordance.hits(lines_of(list(pages.object_list)), query)
    return {"since": kept, "rows": [(hit, hit.address(asked)) for hit in hits], "page": pages}


def _kept(request: HttpRequest) -> list[tuple[saved.Kept, list[tuple[concordance.Hit, str]]]]:
    """Kept searches, each with the first of its new hits and where they open."""
    shown = []
    for each in saved.kept(signed_in(request)):
        hits = concordance.hits(each.named, parse(each.row.query)) if each.named else []
        shown.append((each, [(hit, hit.address(each.row.query)) for hit in hits]))
    return shown


def _mail(request: HttpRequest) -> dict[str, Any]:
    """What the page says of mail: whether any leaves, how often it may, and where it goes."""
    return {
        "is_on": alerts.is_on(),
        "off": alerts.OFF,
        "choices": SavedSearch.Mail.choices,
        "address": alerts.address_of(signed_in(request)),
    }


def _asked(request: HttpRequest) -> str:
    return _typed(request.GET)


def _typed(given: QueryDict) -> str:
    """Without what no database holds."""
    return given.get("q", "").replace("\x00", " ").strip()[:MOST_CHARACTERS]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) < 6 else 1


def _facets(found: finding.Found, asked: str) -> list[tuple[str, list[Choice]]]:
    """For each facet that parts what was found: its values, most hits first."""
    reels = Reel.objects.select_related("element__title").in_bulk(
        [pk for pk, _ in found.facets["reel"]]
    )
    names = {
        "reel": lambda pk: str(reels.get(pk, pk)),
        "checked": lambda is_: "yes" if is_ else "no",
    }
    kinds = dict(SearchLine.Kind.choices)
    names["kind"] = lambda kind: str(kinds.get(kind, kind))
    asked = in_brackets(asked)
    shown = []
    for field, title in _FIELDS.items():
        values = [(value, count) for value, count in found.facets[field] if value not in ("", None)]
        if field == "year" and len(values) > _YEARS:
            shown.append((title, _decades(values, asked)))
        elif len(values) > 1 or (values and field == "reel"):
            name = names.get(field, str)
            shown.append((title, [
                Choice(name(value), count, f"{asked} {field}:{_written(value)}")
                for value, count in values
            ]))  # fmt: skip
    return shown


def _decades(years: list[tuple[str, int]], asked: str) -> list[Choice]:
    """Many years as decades, in their order."""
    counts: Counter[int] = Counter()
    for year, count in years:
        counts[int(year) // 10 * 10] += count
    return [
        Choice(f"{first}s", count, f"{asked} year:{first}..{first + 9}")
        for first, count in sorted(counts.items())
    ]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).replace('"', "")
    return f'"{text}"' if " " in text else text


@require_safe
@needs_somewhere(BROWSE)
def export(request: HttpRequest, kind: str) -> HttpResponse | StreamingHttpResponse:
    query = parse(_asked(request))
    if kind not in exporting.FORMATS or query.is_empty():
        raise Http404("There is no such file of a search.")
    write, media_type = exporting.FORMATS[kind]
    try:
        understood, batches = finding.find_all(query, user=request.user)
    except finding.TooSlow as error:
        return HttpResponse(str(error), status=503, content_type="text/plain")
    hits = (hit for batch in batches for hit in concordance.hits(batch, understood))
    site = request.build_absolute_uri("/").rstrip("/")
    response = StreamingHttpResponse(write(hits, site), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="hits.{kind}"'
    return response


@require_safe
@needs_somewhere(dumping.RIGHT)
def dump_transcripts(request: HttpRequest) -> StreamingHttpResponse:
    """Every line that is said or shown, of every reel that the person may take them of."""
    site = request.build_absolute_uri("/").rstrip("/")
    lines = dumping.dump(site, request.user)
    response = StreamingHttpResponse(lines, content_type="application/jsonl")
    response.headers["Content-Disposition"] = 'attachment; filename="transcripts.jsonl"'
    return response


@require_safe
def cite(request: HttpRequest, pk: int, frame: int) -> HttpResponse:
    """The line that is said at a frame, in the forms that people cite in."""
    reel = reel_for(request, pk)
    line = _said_at(reel, frame, key=request.GET.get("line", ""))
    moment = _moment(request, line)
    forms = [(name, write(moment)) for name, write in citing.STYLES.items()]
    return render(
        request, "review/cite.html", {"line": line, "reel": reel, "moment": moment, "forms": forms}
    )


def _said_at(reel: Reel, frame: int, *, key: str) -> SearchLine:
    """The line of that key if it begins at the frame, else the last that began by then.

    Raises: Http404.
    """
    spoken = SearchLine.objects.filter(reel=reel, kind__in=SPOKEN, scan__isnull=False)
    spoken = spoken.select_related("scan", "reel__element__title__collection")
    named = spoken.filter(key=key.replace("\x00", ""), start_frame=frame).first()
    over = spoken.filter(start_frame__lte=frame, end_frame__gt=frame)
    line = named or over.order_by("-start_frame", "number").first()
    if line is None:
        raise Http404("Nothing is said at this frame.")
    return line


def _moment(request: HttpRequest, line: SearchLine) -> citing.Moment:
    title, scan = line.reel.title, line.scan
    assert scan is not None
    address = reverse("transcript", args=[line.reel_id])
    place = urlencode({"frame": line.start_frame, "line": line.key.partition("~")[0]})
    return citing.Moment(
        title=title.name,
        year=title.year,
        reel=line.reel.number,
        timecode=timecode(line.start_frame, scan.rate, scan.start_timecode),
        said=line.text,
        speaker=line.speaker,
        checked=line.checked,
        archive=title.collection.name if title.collection else "",
        address=request.build_absolute_uri(f"{address}?{place}"),
        seen=timezone.localdate(),
    )


@require_POST
@needs_somewhere(BROWSE)
def save(request: HttpRequest) -> HttpResponse:
    asked = _typed(request.POST)
    if parse(asked).is_empty():
        messages.error(request, "There is nothing to save: type what to search for first.")
        return redirect("search")
    try:
        saved.save(asked, by=signed_in(request))
        messages.success(request, "The search is kept. This page says when it finds more.")
    except (saved.TooMany, finding.TooSlow) as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('search')}?{urlencode({'q': asked})}")


@require_POST
@needs_somewhere(BROWSE)
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SavedSearch, pk=pk, owner=request.user)
    row.delete()
    messages.success(request, "The search is forgotten.")
    return redirect("catalogue" if row.of == SavedSearch.Of.CATALOGUE else "search")
