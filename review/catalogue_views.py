"""The catalogue's page, and what of it a person keeps to come back to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive import sight
from archive.access import needs_somewhere, signed_in
from review import pages
from review.catalogue import Narrowed, narrow
from review.catalogue_counts import MOST
from review.forms import CatalogueForm
from review.models import SavedSearch
from review.search import finding, saved

PAGE = 25
BROWSE = "archive.browse"
HERE = SavedSearch.Of.CATALOGUE.value
MOST_CHARACTERS = 1000
"""Of a narrowing that is kept."""


@require_safe
@needs_somewhere(BROWSE)
def catalogue(request: HttpRequest) -> HttpResponse:
    form = CatalogueForm(request.GET)
    form.fields["collection"].queryset = sight.collections(request.user)  # type: ignore[attr-defined]
    wanted = _chosen(form)
    narrowed = narrow(request.user, wanted)
    page = Paginator(range(narrowed.count), PAGE).get_page(request.GET.get("page"))
    start = PAGE * (page.number - 1)
    context = {
        "form": form,
        "page": page,
        "lines": pages.lines(pages.listed(narrowed.page(start, start + PAGE))),
        "narrowed": narrowed,
        "is_narrowed": bool(wanted),
        "asked": written(request.GET),
        "chosen": narrowed.chosen(wanted),
        "everything": narrowed.everything,
        "states": pages.REEL_STATES,
    }
    template = "review/catalogue_list.html" if request.htmx else "review/catalogue.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _chosen(form: CatalogueForm) -> dict[str, Any]:
    """What narrows the list; one field that makes no sense leaves out all."""
    return {name: value for name, value in form.cleaned_data.items() if value} if (
        form.is_valid()
    ) else {}  # fmt: skip


def written(asked: QueryDict) -> str:
    """What the list is narrowed to, always written alike; empty where nothing narrows it."""
    kept = QueryDict(mutable=True)
    for name in sorted(CatalogueForm.base_fields):
        if value := asked.get(name, "").replace("\x00", " ").strip():
            kept[name] = value
    text = kept.urlencode()
    return text if len(text) <= MOST_CHARACTERS else ""


def _narrowed(query: str, user: Any) -> Narrowed:
    return narrow(user, _chosen(CatalogueForm(QueryDict(query))))


def _reels(found: Narrowed) -> list[int] | None:
    """Numbers of what was found; None: it is more than is kept."""
    is_too_many = found.is_capped or found.count > MOST
    return None if is_too_many else found.page(0, found.count)


def look(query: str, by: User) -> list[int] | None:
    """The reels that a kept narrowing finds."""
    return _reels(_narrowed(query, by))


def since_last_look(row: SavedSearch, by: Any) -> saved.Kept:
    """What a kept narrowing finds now, and which of it its owner has not seen."""
    found = _narrowed(row.query, by)
    now = _reels(found)
    if now is None or row.places is None:
        return saved.Kept(row, found.said_count, is_capped=True)
    known = set(row.places)
    return saved.Kept(row, found.said_count, [reel for reel in now if reel not in known])


@require_safe
@needs_somewhere(BROWSE)
def kept(request: HttpRequest) -> HttpResponse:
    """The person's own, each with what it finds now; asked for when the page is there, with what
    the page shows, so that it counts as seen."""
    if asked := written(request.GET):
        saved.seen(asked, by=signed_in(request), of=HERE, look=look)
    found = saved.kept(request.user, of=HERE, compare=since_last_look)
    shown = [(each, _in_words(each.row.query, request.user)) for each in found]
    context = {"kept": shown, "new": sum(bool(each.new) for each in found)}
    return render(request, "review/catalogue_kept.html", context)


def _in_words(query: str, user: Any) -> str:
    """As people read it: the values, without the names of the fields."""
    form = CatalogueForm(QueryDict(query))
    said = {name: str(value) for name, value in _chosen(form).items()}
    if "decade" in said:
        said["decade"] = f"{said['decade']}0s"
    if "state" in said:
        said["state"] = pages.REEL_STATES.get(said["state"], said["state"])
    return " · ".join(said.values()) or "what is not there any more"


@require_POST
@needs_somewhere(BROWSE)
def save(request: HttpRequest) -> HttpResponse:
    asked = written(QueryDict(request.POST.get("query", "")[: 4 * MOST_CHARACTERS]))
    if not asked or not CatalogueForm(QueryDict(asked)).is_valid():
        messages.error(request, "There is nothing to keep: narrow the list first.")
        return redirect("catalogue")
    try:
        saved.save(asked, by=signed_in(request), of=HERE, look=look)
        messages.success(request, "It is kept. This page says when there are more such reels.")
    except (saved.TooMany, finding.TooSlow) as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('catalogue')}?{asked}")
