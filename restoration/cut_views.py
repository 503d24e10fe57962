"""What a person asks of the cuts: split, merge, move, check, describe, splices, undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from archive.access import check_media, needs, reel_for, signed_in
from archive.models import Scan
from restoration import borders, doubts, history, scenes
from restoration.errors import RestorationError, SceneError
from restoration.forms import BorderForm, CheckForm, EditForm, FrameForm, MarkForm, SpliceForm
from restoration.models import Scene

edits_scenes = needs("restoration.edit_scenes")


@require_POST
@edits_scenes
def split(request: HttpRequest, pk: int) -> HttpResponse:
    def act(scene: Scene, frame: int) -> str:
        scenes.split(scene, frame, by=signed_in(request))
        return f"The scene was cut in two at frame {frame}; its takes are kept."

    return _edit(request, pk, FrameForm(request.POST), lambda scene, said: act(scene, **said))


@require_POST
@edits_scenes
def move_cut(request: HttpRequest, pk: int) -> HttpResponse:
    def act(scene: Scene, frame: int) -> str:
        scenes.move_cut(scene, frame, by=signed_in(request))
        moved = f"The cut was moved from frame {scene.start_frame} to {frame}"
        return f"{moved}; earlier takes are kept."

    return _edit(request, pk, FrameForm(request.POST), lambda scene, said: act(scene, **said))


@require_POST
@edits_scenes
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    scene = _scene(request, pk)
    try:
        scenes.merge(scene, by=signed_in(request))
    except RestorationError as error:
        messages.error(request, str(error))
        return _back(request, scene, scene.start_frame)
    messages.success(request, "Joined with the next scene; the takes of both are kept.")
    return _back(request, scene, scene.end_frame)


@require_POST
@edits_scenes
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's word on a border; the page then goes on to the next doubtful one."""
    scene = _scene(request, pk)
    form = CheckForm(request.POST)
    if not form.is_valid():
        return _refused(request, form, scene)
    frame, is_cut = form.cleaned_data["border"], form.cleaned_data["is_cut"]
    was_doubtful = frame in _doubtful(scene.scan)
    try:
        borders.check(scene, frame, is_cut=is_cut, by=signed_in(request))
    except RestorationError as error:
        messages.error(request, str(error))
        return _back(request, scene, frame)
    left = _doubtful(scene.scan)
    word = "is a cut" if is_cut else "is no cut"
    messages.success(request, f"Frame {frame} {word}. {_left(left)}")
    return _back(request, scene, left[0] if was_doubtful and left else frame)


@require_POST
@edits_scenes
def describe(request: HttpRequest, pk: int) -> HttpResponse:
    def act(scene: Scene, said: dict[str, Any]) -> str:
        span = (said["first"], said["last"]) if said["transition"] != "cut" else None
        borders.describe(
            scene,
            transition=said["transition"],
            gradual=span,
            kind=said["kind"],
            by=signed_in(request),
        )
        return f"Frame {scene.start_frame}: {said['transition']}, {said['kind']}."

    return _edit(request, pk, BorderForm(request.POST), act)


@require_POST
@edits_scenes
def mark_splice(request: HttpRequest, pk: int) -> HttpResponse:
    def act(scene: Scene, frame: int, *, is_splice: bool) -> str:
        borders.mark_splice(scene, frame, is_splice=is_splice, by=signed_in(request))
        if is_splice:
            return f"A splice is marked at frame {frame}; nothing is followed across it."
        return f"No splice at frame {frame}."

    if "mark" in request.POST:
        return _judge_mark(request, _scene(request, pk))
    return _edit(request, pk, SpliceForm(request.POST), lambda scene, said: act(scene, **said))


def _judge_mark(request: HttpRequest, scene: Scene) -> HttpResponse:
    """A person's word on what was marked; the page then goes on to what is doubtful next."""
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _refused(request, form, scene)
    kind, frame, holds = (form.cleaned_data[name] for name in ("mark", "frame", "holds"))
    try:
        borders.judge_mark(scene, frame, kind, holds=holds, by=signed_in(request))
    except RestorationError as error:
        messages.error(request, str(error))
        return _back(request, scene, frame)
    left = _doubtful(scene.scan)
    messages.success(request, f"Frame {frame}: {kind if holds else f'no {kind}'}. {_left(left)}")
    return _back(request, scene, left[0] if left else frame)


@require_POST
@edits_scenes
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    return _through_history(request, pk, history.undo, "Undone")


@require_POST
@edits_scenes
def redo(request: HttpRequest, pk: int) -> HttpResponse:
    return _through_history(request, pk, history.redo, "Done again")


def _through_history(
    request: HttpRequest, pk: int, step: Callable[..., Any], done: str
) -> HttpResponse:
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    form = EditForm(request.POST)
    frame = None
    try:
        if scan is None or not form.is_valid():
            raise SceneError("nothing was changed: the page did not say which edit is meant")
        edit = step(scan, form.cleaned_data["edit"], by=signed_in(request))
        messages.success(request, f"{done}: {edit.words}.")
        frame = edit.frame
    except RestorationError as error:
        messages.error(request, str(error))
    return redirect(storyboard_at(pk, frame))


def _scene(request: HttpRequest, pk: int) -> Scene:
    """Raises: Http404, PermissionDenied for film that the person may not see."""
    scene = get_object_or_404(Scene.objects.select_related("scan__reel"), pk=pk)
    check_media(request, scene.scan)
    return scene


def _edit(
    request: HttpRequest, pk: int, form: Any, act: Callable[[Scene, dict[str, Any]], str]
) -> HttpResponse:
    """Do what a valid form asks; back on the page, say what was done or why not."""
    scene = _scene(request, pk)
    if not form.is_valid():
        return _refused(request, form, scene)
    try:
        messages.success(request, act(scene, form.cleaned_data))
    except RestorationError as error:
        messages.error(request, str(error))
        return _back(request, scene, None)
    return _back(request, scene, form.cleaned_data.get("frame", scene.start_frame))


def _refused(request: HttpRequest, form: Any, scene: Scene) -> HttpResponse:
    error = next(iter(form.errors.values()))[0]
    messages.error(request, f"The cuts stay as they were. {error}")
    return _back(request, scene, None)


def _doubtful(scan: Scan) -> list[int]:
    current = list(scan.scenes.current())
    left = doubts.doubts(scan, current, borders.borders(scan, current))
    return [doubt.frame for doubt in left]


def _left(doubtful: list[int]) -> str:
    return f"{len(doubtful)} left to check." if doubtful else "Nothing is left to check."


def _back(request: HttpRequest, scene: Scene, frame: int | None) -> HttpResponse:
    """To the page that asked: the storyboard or the review room, at the frame of the edit."""
    if request.POST.get("to") == "storyboard":
        seen = frame if frame is not None else request.POST.get("border")
        return redirect(storyboard_at(scene.scan.reel_id, seen))
    if frame is None:
        return redirect("scene", pk=scene.pk)
    found = scene.scan.scenes.current().holding(frame).first()
    if found is None:
        return redirect("reel", pk=scene.scan.reel_id)
    return redirect("scene", pk=found.pk)


def storyboard_at(reel: int, frame: int | str | None = None) -> str:
    address = reverse("storyboard", args=[reel])
    return f"{address}?{urlencode({'border': frame})}" if frame is not None else address
