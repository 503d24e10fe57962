"""What the player fetches: proxies, labels and exact frames, for those who may see the reel."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from archive.access import check_media
from archive.media.errors import MediaError
from archive.ranges import ranged_file_response
from archive.views import never_changes, scan_frame_png
from restoration import frame_pictures, scenes, viewing
from restoration.models import Scene, Take
from restoration.provenance import ProvenanceError
from restoration.starting import ring_for_view


def _take(request: HttpRequest, pk: int) -> Take:
    take = get_object_or_404(Take.objects.select_related("scan__reel"), pk=pk)
    check_media(request, take.scan)
    if not request.user.has_perm("review.open_review", take.scan.reel):
        raise PermissionDenied("Takes are for those who work on the reel; ask an archivist.")
    return take


@require_safe
def scene_frame(request: HttpRequest, pk: int, frame: int) -> HttpResponse:
    """A frame of the scan, a take or its map as PNG, by the scene that it is in.

    `?of=scan` (the default), `take`, `map` (with `&plane=colour`), `heat` or `invention`; of the
    take that stands, of that of `&version=colour`, or of the one that `&take=N` names. What there
    is none of answers 404, what was removed 410, in words.
    """
    scene = get_object_or_404(Scene.objects.select_related("scan__reel"), pk=pk)
    check_media(request, scene.scan)
    if not scene.start_frame <= frame < scene.end_frame:
        return _refusal(f"This scene has frames {scene.start_frame} to {scene.end_frame - 1}.")
    if request.GET.get("of", "scan") == "scan":
        try:
            return scan_frame_png(scene.scan, frame)
        except Http404 as error:
            return _refusal(str(error))
    take = _take_of(scene, request)
    if take is None:
        return _refusal(
            "There is no such take of this scene; leave out ?take for the one that stands."
        )
    response = _frame(_take(request, take.pk), frame, request)
    if "take" not in request.GET:
        # Not cached for good: tomorrow another take may stand here.
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _take_of(scene: Scene, request: HttpRequest) -> Take | None:
    if named := request.GET.get("take"):
        return next((take for take in Take.objects.of_scene(scene) if str(take.pk) == named), None)
    return scenes.head_take(scene, request.GET.get("version", scenes.RESTORATION))


def _refusal(words: str, status: int = 404) -> HttpResponse:
    """An address of a picture answers in words alone: no page is shown inside of one."""
    return HttpResponse(f"{words}\n", "text/plain; charset=utf-8", status=status)


@require_safe
def take_frame(request: HttpRequest, pk: int, frame: int) -> HttpResponse:
    return _frame(_take(request, pk), frame, request)


def _frame(take: Take, frame: int, request: HttpRequest) -> HttpResponse:
    wanted, plane = request.GET.get("of", "take"), request.GET.get("plane", "structure")
    try:
        picture = frame_pictures.shown(take, frame, wanted, plane)
    except frame_pictures.NoPicture as error:
        return _refusal(str(error), error.status)
    return never_changes(HttpResponse(picture, content_type="image/png"))


@require_safe
def take_pixel(request: HttpRequest, pk: int, frame: int, y: int, x: int) -> HttpResponse:
    """What the map says of one pixel, as JSON: labels, source, the hint of its colour, doubt."""
    take = _take(request, pk)
    if not take.start_frame <= frame < take.end_frame:
        raise Http404(f"This take has frames {take.start_frame} to {take.end_frame - 1}.")
    try:
        told = frame_pictures.pixel_read_out(take, frame, y, x)
    except ValueError as error:
        raise Http404(str(error)) from error
    except (FileNotFoundError, MediaError, ProvenanceError) as error:
        raise Http404(f"The files of this take cannot be read: {error}") from error
    return never_changes(JsonResponse(told))


@require_safe
def viewing_state(request: HttpRequest, pk: int) -> JsonResponse:
    """Whether the player can open this take; asks a worker to make its view if not."""
    take = _take(request, pk)
    state, words = viewing.standing(viewing.view_of(take), lambda: ring_for_view(take.pk))
    return JsonResponse({"state": state, "words": words})


@require_safe
def view_proxy(request: HttpRequest, pk: int) -> HttpResponseBase:
    view = viewing.view_of(_take(request, pk))
    return ranged_file_response(request, view.proxy, "video/mp4", immutable=True, pass_on=True)


@require_safe
def labels(request: HttpRequest, pk: int) -> HttpResponseBase:
    view = viewing.view_of(_take(request, pk))
    return ranged_file_response(request, view.labels, "application/octet-stream", immutable=True)


@require_safe
def labels_index(request: HttpRequest, pk: int) -> HttpResponseBase:
    view = viewing.view_of(_take(request, pk))
    return ranged_file_response(request, view.index, "application/json", immutable=True)
