"""Today, Reel and Scene, and the decisions taken on them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from archive.access import check_media, needs, reel_for
from archive.form_fields import first_error
from restoration import doubts, scenes, transcripts
from restoration.colour_room import LED_BY_HAND, colour_room
from restoration.forms import ProcessForm, picture_stages
from restoration.models import Scene, Take, Worker
from restoration.repair_room import repair_room
from restoration.take_index import TakeIndex
from review import decisions, handing, notes, pages, stage_decisions, undoing
from review.delivery_views import deliveries_of, gate_of
from review.errors import ReviewError
from review.forms import ChangesForm, DecisionForm
from review.models import Approval
from review.people import people_wanted
from review.queue import ORDERS, Place, place
from review.room import room
from review.stage_decisions import StageStanding
from review.standing import Standing, standings
from review.today import LONG, waiting_for


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    only = request.GET.get("only", "")
    only = only if only in LONG else ""
    waiting = waiting_for(request.user, only, request.GET.get("page"))
    return render(request, "review/today.html", {"waiting": waiting, "only": only})


BY_REQUEST = LED_BY_HAND | {"deinterlace", "denoise", "stabilise", "upscale"}
"""Stages that nobody means by "start on every scene": they are ticked by hand."""


@require_safe
def reel(request: HttpRequest, pk: int) -> HttpResponse:
    found = reel_for(request, pk)
    scan = found.current_scan()
    cards = pages.storyboard(scan) if scan else []
    context = {
        "reel": found,
        "scan": scan,
        "cards": cards,
        "totals": pages.reel_totals(cards),
        "counts": pages.state_counts(cards),
        "to_check": doubts.left_to_check([scan]).get(scan.pk, 0) if scan else 0,
        "events": pages.custody_timeline(found, request.user),
        "earlier": pages.earlier_events(found, request.user),
        "transcript": transcripts.current(scan) if scan else None,
        "held": Worker.objects.most_held(),
        "runs": scan.runs.select_related("take", "scene").order_by("-pk")[:12] if scan else [],
        "process_form": ProcessForm(),
        "process_checked": [name for name, _ in picture_stages() if name not in BY_REQUEST],
        "coloured": sum(card.colour is not None for card in cards),
        "uncoloured": sum(card.colour is None for card in cards),
    } | deliveries_of(found)
    if cards and request.user.has_perm("review.open_review", found):
        context |= gate_of(found, request)
    return render(request, "review/reel.html", context)


def _scene(pk: int) -> Scene:
    return get_object_or_404(Scene.objects.select_related("scan__reel__element__title"), pk=pk)


@require_safe
@needs("review.open_review")
def scene(request: HttpRequest, pk: int) -> HttpResponse:
    found = _scene(pk)
    check_media(request, found.scan)
    return render(request, "review/scene.html", _scene_context(request, found))


def _scene_context(request: HttpRequest, scene: Scene) -> dict[str, Any]:
    takes = list(pages.takes_of(scene))
    named = _named_take(request, "take", takes)
    version = named.version if named and request.GET.get("of") != "stage" else _version(request)
    if named and named.version == scenes.COLOUR:
        version = scenes.COLOUR
    index = TakeIndex([scene])
    (standing,) = standings([scene], version, takes=index)
    before, after, number = pages.neighbours(scene)
    shown = named or standing.take
    against = _named_take(request, "against", takes) if shown else None
    stages = stage_decisions.of_chain(scene, standing.take, takes=index) if standing.take else []
    alone = _stage_alone(request, shown, stages)
    decided_on = shown if alone else standing.take
    return {
        "scene": scene,
        "version": version,
        "scan": scene.scan,
        "reel": scene.scan.reel,
        "standing": standing,
        "outdated": scenes.outdated(scene, decided_on, takes=index) if decided_on else [],
        "stages": stages,
        "alone": alone,
        "blocked": [] if alone else _sent_back_before(standing),
        "shown": shown,
        "against": against,
        "chain": scenes.chain(shown, takes=index) if shown else [],
        "takes": takes,
        "before": before,
        "after": after,
        "number": number,
        "notes": notes.of_scene(scene),
        "history": Approval.everything.filter(scene=scene).select_related(
            "take", "by", "withdrawn_by"
        ),
        "lost": decisions.lost_approvals(scene, version) if not standing.decision else [],
        "middle": (scene.start_frame + scene.end_frame) // 2,
        "process_form": ProcessForm(settings=scene.settings),
        "process_checked": [take.stage for take in scenes.chain(shown, takes=index)]
        if shown
        else [],
        "people": people_wanted(standing.decision if not standing.reasons else None),
        "seen": decisions.newest_word(scene, decided_on, alone=alone is not None)
        if decided_on
        else None,
        "handed": handing.of_scene(scene, version),
        "whom": handing.whom(scene.scan.reel),
        "queue": _queue(request, scene, version),
        "room": room(scene, shown, against=against),
        "repairs": repair_room(scene, shown),
        "colour": colour_room(scene, shown),
    }


def _stage_alone(
    request: HttpRequest, shown: Take | None, stages: list[StageStanding]
) -> StageStanding | None:
    """The stage that the page asks a decision on by itself: one before the end of the chain that
    stands, or its end if the address says so."""
    by_itself = request.GET.get("of") == "stage"
    found = next((each for each in stages if shown is not None and each.take == shown), None)
    return found if found is not None and (by_itself or found is not stages[-1]) else None


def _sent_back_before(standing: Standing) -> list[Approval]:
    """What keeps the end of the chain from being approved: stages before it that were sent back."""
    return [word for word in standing.sent_back if word.take != standing.take]


def _queue(request: HttpRequest, scene: Scene, version: str) -> Place | None:
    """Where the scene stands in the queue that the address names."""
    order = request.GET.get("queue", "")
    return place(request.user, order, scene, version) if order in ORDERS else None


def _version(request: HttpRequest) -> str:
    """What the page speaks of: the restoration, unless the address asks for the colour version."""
    asked = request.GET.get("version", "")
    return scenes.COLOUR if asked == scenes.COLOUR else scenes.RESTORATION


def _named_take(request: HttpRequest, name: str, takes: list[Take]) -> Take | None:
    """The take of this scene that the address names under `name`."""
    wanted = request.GET.get(name, "")
    return next((take for take in takes if str(take.pk) == wanted), None)


@require_POST
@needs("review.decide")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, _scene(pk), DecisionForm(request.POST), asks_for_changes=False)


@require_POST
@needs("review.decide")
def request_changes(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, _scene(pk), ChangesForm(request.POST), asks_for_changes=True)


def _decide(
    request: HttpRequest, scene: Scene, form: DecisionForm, *, asks_for_changes: bool
) -> HttpResponse:
    check_media(request, scene.scan)
    if not form.is_valid():
        messages.error(request, f"Nothing was recorded. {first_error(form)}")
        return redirect("scene", pk=scene.pk)
    values = form.cleaned_data
    take = get_object_or_404(Take, pk=values["take"], scan_id=scene.scan_id)
    alone = values["alone"]
    itself = " by itself" if alone else ""
    try:
        if asks_for_changes:
            decisions.request_changes(
                scene,
                take,
                by=request.user,
                reason=values["comment"],
                digest=values["digest"],
                seen=values["seen"],
                alone=alone,
            )
            messages.success(request, f"Sent back{itself}: {take.stage} take {take.number}.")
        else:
            decisions.approve(
                scene,
                take,
                by=request.user,
                comment=values["comment"],
                digest=values["digest"],
                seen=values["seen"],
                alone=alone,
            )
            messages.success(request, f"Approved{itself}: {take.stage} take {take.number}.")
    except ReviewError as error:
        messages.error(request, str(error))
    return _back_to(request, scene, take, alone=alone)


def _back_to(request: HttpRequest, scene: Scene, take: Take, *, alone: bool) -> HttpResponse:
    """The page of the version or stage that was decided on, in the queue that it was come to by."""
    asked = {"version": take.version} if take.version != scenes.RESTORATION else {}
    if alone and request.POST.get("version") == scenes.COLOUR:
        asked = {"version": scenes.COLOUR}  # It was come to by the colour version's chain.
    if alone:
        asked |= stage_decisions.stage_address(take)
    if request.POST.get("queue") in ORDERS:
        asked["queue"] = request.POST["queue"]
    return redirect(reverse("scene", args=[scene.pk]) + (f"?{urlencode(asked)}" if asked else ""))


@require_POST
@needs("review.decide")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    approval = get_object_or_404(Approval.everything, pk=pk)
    check_media(request, approval.scene.scan)
    try:
        decisions.withdraw(approval, by=request.user)
        messages.success(request, "The decision was withdrawn; the scene waits for a new one.")
    except ReviewError as error:
        messages.error(request, str(error))
    return _back_to(request, approval.scene, approval.take, alone=approval.alone)


@require_safe
@needs("review.open_review")
def last_act(request: HttpRequest, pk: int) -> JsonResponse:
    """What the person did last on a scene, and how that is taken back; {} if they did nothing."""
    scene = _scene(pk)
    check_media(request, scene.scan)
    act = undoing.last_act(scene, request.user)
    return JsonResponse(act.as_json() if act else {})
