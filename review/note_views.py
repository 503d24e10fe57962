"""Notes in the review room: write, answer, resolve, make something of a shape, take them along."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive.access import check_media, needs, reel_for, signed_in
from archive.form_fields import first_error
from archive.models import Reel
from restoration.errors import RestorationError
from restoration.models import Scene
from review import note_files, notes
from review.errors import ReviewError
from review.forms import AnswerForm, NoteForm
from review.models import Note

WRITE = "review.add_note"


@require_POST
@needs(WRITE)
def add(request: HttpRequest, pk: int) -> HttpResponse:
    scene = get_object_or_404(Scene.objects.select_related("scan__reel"), pk=pk)
    check_media(request, scene.scan)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"The note was not kept. {first_error(form)}")
        return _answer(request, scene, draft=form.data)
    values = form.cleaned_data
    try:
        note = notes.add(
            scene,
            by=signed_in(request),
            start_frame=values["first"],
            end_frame=values["last"] + 1,
            text=values["text"],
            drawing=values["drawing"] or [],
        )
    except ReviewError as error:
        messages.error(request, str(error))
        return _answer(request, scene, draft=form.data)
    messages.success(request, "Note kept.")
    _say_unknown(request, note.text, note.scan.reel)
    return _answer(request, scene, note)


def _say_unknown(request: HttpRequest, text: str, reel: Reel) -> None:
    _, unknown = notes.people_named(text, reel)
    if unknown:
        listed = ", ".join(f"@{name}" for name in unknown)
        messages.warning(request, f"Nobody who reviews it is called {listed}; nobody was told.")


@require_POST
@needs(WRITE)
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    note = _note(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was kept. {first_error(form)}")
        return _answer(request, _scene_at(request, note), note)
    try:
        made = notes.answer(note, by=signed_in(request), text=form.cleaned_data["text"])
        messages.success(request, "Answer kept.")
        _say_unknown(request, made.text, note.scan.reel)
    except ReviewError as error:
        messages.error(request, str(error))
    return _answer(request, _scene_at(request, note), note)


@require_POST
@needs(WRITE)
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Resolve a note, or with `open` open it again: what is meant travels with the form."""
    note = _note(request, pk)
    try:
        if request.POST.get("open"):
            notes.reopen(note, by=signed_in(request))
            messages.success(request, "The note is open again.")
        else:
            notes.resolve(note, by=signed_in(request))
            messages.success(request, "Resolved.")
    except ReviewError as error:
        messages.error(request, str(error))
    return _answer(request, _scene_at(request, note), note)


@require_POST
@needs(WRITE, "restoration.judge_repair")
def protect(request: HttpRequest, pk: int) -> HttpResponse:
    note = _note(request, pk)
    scene = _scene_at(request, note)
    try:
        notes.protect(note, _number(request), _wanted(scene), by=signed_in(request))
        messages.success(request, "Protected: the next run of repair changes nothing in there.")
    except (ReviewError, RestorationError) as error:
        messages.error(request, str(error))
    return _answer(request, scene, note)


@require_POST
@needs(WRITE, "restoration.paint")
def hint(request: HttpRequest, pk: int) -> HttpResponse:
    note = _note(request, pk)
    scene = _scene_at(request, note)
    try:
        made = notes.hint(note, _number(request), _wanted(scene), by=signed_in(request))
        messages.success(
            request,
            f"Painted: {len(made)} patches on frame {made[0].frame}, "
            "which the next run of colourise heeds.",
        )
    except (ReviewError, RestorationError) as error:
        messages.error(request, str(error))
    return _answer(request, scene, note)


@require_safe
@needs("review.open_review")
def of_reel(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """All notes of the reel's scan as a file: csv, pdf or otio."""
    reel = reel_for(request, pk)
    scan = reel.current_scan()
    if kind not in note_files.KINDS or scan is None:
        raise Http404("Notes are written as csv, pdf or otio, for a reel with a scan.")
    check_media(request, scan)
    data, media_type = note_files.write(scan, kind)
    name = f"reel-{reel.pk}-notes.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type=media_type, headers=headers)


def _note(request: HttpRequest, pk: int) -> Note:
    note = get_object_or_404(Note.objects.select_related("scan__reel"), pk=pk)
    check_media(request, note.scan)
    return note


def _scene_at(request: HttpRequest, note: Note) -> Scene | None:
    """The scene that the page shows, else the one that the note's first frame is in now."""
    wanted = request.POST.get("scene", "")
    of_scan = Scene.objects.filter(scan=note.scan_id).select_related("scan__reel")
    if wanted.isdigit() and (named := of_scan.filter(pk=wanted).first()):
        return named
    return notes.scene_of(note)


def _wanted(scene: Scene | None) -> Scene:
    if scene is None:
        raise Http404("No current scene has this frame.")
    return scene


def _number(request: HttpRequest) -> int:
    """The place of the shape in the drawing; -1, which no drawing has, for what is no number."""
    given = request.POST.get("shape", "")
    return int(given) if given.isdecimal() and len(given) < 4 else -1


def _answer(
    request: HttpRequest, scene: Scene | None, note: Note | None = None, draft: Any = None
) -> HttpResponse:
    """The section anew for the script, the page for those who have none."""
    if scene is None:
        return redirect("reel", pk=note.scan.reel_id) if note else redirect("today")
    if not request.htmx:  # type: ignore[attr-defined]
        at = f"#frame={note.start_frame}" if note else ""
        return redirect(reverse("scene", args=[scene.pk]) + at)
    context = {"scene": scene, "scan": scene.scan, "notes": notes.of_scene(scene), "draft": draft}
    return render(request, "review/notes.html", context | {"told": True})
