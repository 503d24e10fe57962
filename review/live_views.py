"""What is new in an open room: as a stream, and for those who ask now and then."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from archive.access import check_media, needs, signed_in
from restoration.models import Scene
from review import notes
from review.live import marks, presence
from review.live.hub import HUB, Listener, Stream
from review.live.marks import Room

REVIEW = "review.open_review"


@require_safe
@needs(REVIEW)
def stream(request: HttpRequest, kind: str, pk: int) -> HttpResponseBase:
    """Server-sent events of one room, from what the browser has seen last; 503 if all are taken."""
    room = _room(request, kind, pk)
    if request.method == "HEAD":
        return HttpResponse(content_type="text/event-stream")
    seen = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
    listener = Listener(
        user=signed_in(request).pk,
        session=request.session.session_key or "",
        room=room,
        seen=marks.read(seen),
    )
    if not HUB.join(listener):
        return HttpResponse("Ask now and then.\n", status=503, headers={"Retry-After": "60"})
    answer = StreamingHttpResponse(Stream(HUB, listener), content_type="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would keep it back until it is long
    return answer


@require_safe
@needs(REVIEW)
def news(request: HttpRequest, kind: str, pk: int) -> JsonResponse:
    """The same at once: what is new since the marks that the address names."""
    room = _room(request, kind, pk)
    presence.note_down([(signed_in(request).pk, room)])
    now = marks.marks_of(room)
    found = marks.news(room, marks.read(request.GET.get("since", "")), now)
    told: dict[str, Any] = {
        "since": marks.written(now),
        "events": [{"kind": event.kind, "facts": event.facts} for event in found],
    }
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


def _room(request: HttpRequest, kind: str, pk: int) -> Room:
    """Raises: Http404, PermissionDenied."""
    reel = marks.reel_of((kind, pk))
    scan = reel.current_scan() if reel is not None else None
    if scan is None:
        raise Http404("There is no such room.")
    check_media(request, scan)
    return kind, pk


@require_safe
@needs(REVIEW)
def notes_of_scene(request: HttpRequest, pk: int) -> HttpResponse:
    """The section of notes as it stands, to be put in place of the one on the page."""
    scene = get_object_or_404(Scene.objects.select_related("scan__reel"), pk=pk)
    check_media(request, scene.scan)
    context = {"scene": scene, "scan": scene.scan, "notes": notes.of_scene(scene)}
    return render(request, "review/notes.html", context)
