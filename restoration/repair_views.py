"""Single repairs and protected regions for the review room: list, keep, undo, ask, run again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from archive.access import check_media, needs, signed_in
from archive.form_fields import first_error
from restoration import repairs, runs
from restoration.errors import RestorationError
from restoration.models import ProtectedRegion, RepairDecision, Scene, Take
from restoration.provenance import ProvenanceError
from restoration.repair_room import repair_room, stages_from_repair
from restoration.stages.contract import StageError

JUDGE = "restoration.judge_repair"


class DecideForm(forms.Form):
    frame = forms.IntegerField(min_value=0)
    x = forms.IntegerField(min_value=0)
    y = forms.IntegerField(min_value=0)
    decision = forms.ChoiceField(choices=RepairDecision.Decision.choices)
    reason = forms.CharField(max_length=200, required=False)


class ProtectForm(forms.Form):
    """A polygon as JSON, or a box in numbers; the last frame is included, as people count."""

    first = forms.IntegerField(min_value=0, error_messages={"required": "Say the first frame."})
    last = forms.IntegerField(min_value=0, error_messages={"required": "Say the last frame."})
    polygon = forms.JSONField(required=False)
    left = forms.IntegerField(required=False)
    top = forms.IntegerField(required=False)
    width = forms.IntegerField(min_value=1, required=False)
    height = forms.IntegerField(min_value=1, required=False)
    reason = forms.CharField(max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        box = [values.get(name) for name in ("left", "top", "width", "height")]
        if not values.get("polygon") and not self.errors:
            if None in box:
                raise forms.ValidationError("Draw a region, or give its left, top, width, height.")
            left, top, width, height = (int(value) for value in box if value is not None)
            right, bottom = left + width - 1, top + height - 1
            values["polygon"] = [[left, top], [right, top], [right, bottom], [left, bottom]]
        return values


def _scene(request: HttpRequest, pk: int) -> Scene:
    scene = get_object_or_404(Scene.objects.select_related("scan__reel"), pk=pk)
    check_media(request, scene.scan)
    return scene


def _shown(request: HttpRequest, scene: Scene) -> Take | None:
    """The take that the page shows; it travels with every request of the section."""
    wanted = request.POST.get("shown") or request.GET.get("shown") or ""
    return Take.objects.of_scene(scene).filter(pk=wanted).first() if wanted.isdigit() else None


def _answer(request: HttpRequest, scene: Scene) -> HttpResponse:
    """The section anew for htmx, else the page that it is on."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("scene", pk=scene.pk)
    context = {"repairs": repair_room(scene, _shown(request, scene)), "scene": scene}
    return render(request, "restoration/repairs.html", context | {"told": True})


@require_safe
@needs("review.open_review")
def section(request: HttpRequest, pk: int) -> HttpResponse:
    return _answer(request, _scene(request, pk))


@require_safe
def of_frame(request: HttpRequest, pk: int, frame: int) -> JsonResponse:
    take = get_object_or_404(Take.objects.select_related("scan__reel"), pk=pk)
    check_media(request, take.scan)
    if not request.user.has_perm("review.open_review", take.scan.reel):
        raise PermissionDenied("Takes are for those who work on the reel; ask an archivist.")
    try:
        return JsonResponse(repairs.listed(take, frame))
    except (RestorationError, ProvenanceError, OSError) as error:
        raise Http404(str(error)) from error


@require_POST
@needs(JUDGE)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    take = get_object_or_404(Take.objects.select_related("scan__reel"), pk=pk)
    check_media(request, take.scan)
    scene = _scene_of(take)
    form = DecideForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was recorded. {first_error(form)}")
        return _answer(request, scene)
    values = form.cleaned_data
    try:
        made = repairs.decide(
            take,
            values["frame"],
            (values["x"], values["y"]),
            decision=values["decision"],
            by=signed_in(request),
            reason=values["reason"],
        )
        messages.success(request, _told(made))
    except (RestorationError, ProvenanceError, OSError) as error:
        messages.error(request, str(error))
    return _answer(request, scene)


def _told(made: RepairDecision) -> str:
    if made.decision == RepairDecision.Decision.UNDO:
        return f"Undone in frame {made.frame}: the next run leaves this place as the scan has it."
    if made.decision == RepairDecision.Decision.NEIGHBOUR:
        return (
            f"Asked in frame {made.frame}: the next run copies this place from a frame beside it, "
            "if one shows it."
        )
    return f"Kept in frame {made.frame}. Its label stays what it is."


def _scene_of(take: Take) -> Scene:
    found = Scene.objects.filter(
        scan=take.scan_id, start_frame=take.start_frame, end_frame=take.end_frame
    )
    scene = found.select_related("scan__reel").order_by("-retired").last()
    if scene is None:
        raise Http404("The cuts were changed: no scene has the frames of this take any more.")
    return scene


@require_POST
@needs(JUDGE)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    decision = get_object_or_404(RepairDecision.objects.select_related("take", "scan"), pk=pk)
    check_media(request, decision.scan)
    try:
        repairs.withdraw(decision, by=signed_in(request))
        messages.success(request, f"Taken back: frame {decision.frame} is decided by the stage.")
    except RestorationError as error:
        messages.error(request, str(error))
    return _answer(request, _scene_at(request, decision.scan_id, decision.frame, decision.take))


@require_POST
@needs(JUDGE)
def protect(request: HttpRequest, pk: int) -> HttpResponse:
    scene = _scene(request, pk)
    form = ProtectForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept. {first_error(form)}")
        return _answer(request, scene)
    values = form.cleaned_data
    try:
        frames = (values["first"], values["last"] + 1)
        repairs.protect(
            scene, values["polygon"], frames, by=signed_in(request), reason=values["reason"]
        )
        messages.success(request, "Protected: the next run changes nothing in there.")
    except RestorationError as error:
        messages.error(request, str(error))
    return _answer(request, scene)


@require_POST
@needs(JUDGE)
def unprotect(request: HttpRequest, pk: int) -> HttpResponse:
    region = get_object_or_404(ProtectedRegion.objects.select_related("scan"), pk=pk)
    check_media(request, region.scan)
    try:
        repairs.unprotect(region, by=signed_in(request))
        messages.success(request, "No longer protected, from the next run on.")
    except RestorationError as error:
        messages.error(request, str(error))
    return _answer(request, _scene_at(request, region.scan_id, region.start_frame))


def _scene_at(request: HttpRequest, scan: int, frame: int, take: Take | None = None) -> Scene:
    """The scene that the page shows, which need not be a current one."""
    wanted = request.POST.get("scene", "")
    of_scan = Scene.objects.filter(scan=scan).select_related("scan__reel")
    if wanted.isdigit() and (named := of_scan.filter(pk=wanted).first()):
        return named
    current = of_scan.filter(retired__isnull=True, start_frame__lte=frame, end_frame__gt=frame)
    if found := current.first():
        return found
    if take is not None:
        return _scene_of(take)
    raise Http404("No current scene has this frame.")


@require_POST
@needs("restoration.start_run")
def run_again(request: HttpRequest, pk: int) -> HttpResponse:
    scene = _scene(request, pk)
    try:
        stages = stages_from_repair(scene)
        run = runs.process_scene(scene, stages=stages, by=signed_in(request))
        messages.success(request, f"Started: {', '.join(stages)} (run {run.pk}).")
    except (RestorationError, StageError) as error:
        messages.error(request, str(error))
    return _answer(request, scene)
