"""The storyboard editor's page; its edits are asked of `restoration.cut_views`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.access import needs, reel_for
from restoration.models import Scene
from review.storyboard import Place, Storyboard, for_script
from review.storyboard import storyboard as storyboard_of


@require_safe
@needs("review.open_review")
def storyboard(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    board = (
        storyboard_of(scan, border=_frame(request, "border"), at=_frame(request, "at"))
        if scan
        else None
    )
    context = {"reel": reel, "scan": scan, "board": board, "place": board and board.place}
    return render(request, "review/storyboard.html", context | _choices(board))


def _frame(request: HttpRequest, name: str) -> int | None:
    """A frame that the address names; anything else is as if it named none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _choices(board: Storyboard | None) -> dict[str, Any]:
    return {
        "steps": _steps(board.place) if board and board.place else [],
        "transitions": Scene.Transition.choices,
        "kinds": Scene.Kind.choices,
        "script": for_script(board) if board else {},
    }


def _steps(place: Place) -> list[dict[str, Any]]:
    """The ways to go by frames; without scripts they are links."""
    ways = [(-10, "-10", "ten frames back"), (-1, "-1", "one frame back")]
    ways += [(1, "+1", "one frame on"), (10, "+10", "ten frames on")]
    return [
        {
            "by": by,
            "text": text,
            "words": words,
            "frame": min(max(place.at + by, place.lowest), place.highest),
        }
        for by, text, words in ways
    ]
