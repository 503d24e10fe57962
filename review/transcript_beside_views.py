"""The chosen line's panel, and the list of a reel's cues."""

from __future__ import annotations

from collections import Counter

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.access import reel_for
from restoration.speech.cue_rules import HARD, Rule, Violation
from restoration.speech.profiles import profiles
from review.transcript_beside import all_cues, cues_beside, evidence_of, faces_of
from review.transcript_views import room_of

PAGE = 100
_DEFAULT = "archive"


@require_safe
def line(request: HttpRequest, pk: int) -> HttpResponse:
    reel = reel_for(request, pk)
    room = room_of(request, reel)
    key = request.GET.get("key", "")
    shown = next((each for each in room.lines if each.line.key == key), None)
    if shown is None:
        raise Http404("There is no such line in this transcript.")
    profile = _profile(request)
    context = {
        "reel": reel,
        "scan": room.scan,
        "room": room,
        "shown": shown,
        "faces": faces_of(room, shown),
        "evidence": evidence_of(shown),
        "cues": [] if shown.line.removed else cues_beside(room, shown, profile),
        "profile": profiles()[profile],
        "hard": HARD,
    }
    return render(request, "review/transcript_beside.html", context)


@require_safe
def cues(request: HttpRequest, pk: int) -> HttpResponse:
    """Every cue by a profile of rules, and what each breaks."""
    reel = reel_for(request, pk)
    room = room_of(request, reel)
    profile = _profile(request)
    every = all_cues(room.transcript, profile)
    broken = Counter(violation.rule for cue in every for violation in cue.broken)
    rule = request.GET.get("rule", "")
    shown = [cue for cue in every if _meant(rule, cue.broken)]
    context = {
        "reel": reel,
        "scan": room.scan,
        "room": room,
        "profile": profiles()[profile],
        "profiles": profiles(),
        "count": len(every),
        "rules": [(each.value, broken[each], each in HARD) for each in Rule if broken[each]],
        "rule": rule,
        "page": Paginator(shown, PAGE).get_page(request.GET.get("page")),
    }
    template = "review/transcript_cue_list.html" if request.htmx else "review/transcript_cues.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _meant(rule: str, broken: tuple[Violation, ...]) -> bool:
    if rule == "broken":
        return bool(broken)
    return not rule or any(violation.rule.value == rule for violation in broken)


def _profile(request: HttpRequest) -> str:
    asked = request.GET.get("profile", "")
    return asked if asked in profiles() else _DEFAULT
