"""The pictures of a scan, for those who may see its reel."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from archive import derived
from archive.access import open_door, scan_for
from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.proxies import make_stills
from archive.media.stills import frame_png
from archive.models import Scan
from archive.ranges import ranged_file_response

Derivatives = Scan.Derivatives


@open_door
@require_safe
def proxy(request: HttpRequest, pk: int) -> HttpResponseBase:
    scan = scan_for(request, pk)
    return ranged_file_response(
        request, derived.folder(scan) / derived.PROXY, "video/mp4", pass_on=True
    )


@require_safe
def waveform(request: HttpRequest, pk: int) -> HttpResponseBase:
    scan = scan_for(request, pk)
    path = derived.folder(scan) / derived.WAVEFORM
    return ranged_file_response(request, path, "application/json")


@open_door
@require_safe
def still(request: HttpRequest, pk: int, frame: int) -> HttpResponseBase:
    """A small picture of one frame: kept if it was made before, else made now and kept."""
    scan = scan_for(request, pk)
    if frame >= scan.frames:
        raise Http404(f"This scan has frames 0 to {scan.frames - 1}.")
    if scan.derivatives != Derivatives.READY:
        raise Http404("The stills of this scan are not made yet.")
    path = derived.folder(scan) / derived.STILLS / f"{frame:06d}.jpg"
    if not path.exists():
        if not request.user.is_authenticated:  # decoding for strangers would be theirs to repeat
            raise Http404("This still was not made.")
        _make_still(scan, frame, path)
    return ranged_file_response(request, path, "image/jpeg")


def _make_still(scan: Scan, frame: int, path: Path) -> None:
    """The storyboard's own stills are evenly spread: a short scene may have none of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            TemporaryDirectory(dir=path.parent) as making,
            open_source(scan.path, rate=scan.rate, table=derived.frame_table(scan)) as source,
        ):
            make_stills(source, [frame], Path(making))[0].replace(path)
    except (FileNotFoundError, MediaError) as error:
        raise Http404(f"Frame {frame} cannot be read from the scan: {error}") from error


@require_safe
def frame(request: HttpRequest, pk: int, frame: int) -> HttpResponse:
    return scan_frame_png(scan_for(request, pk), frame)


def scan_frame_png(scan: Scan, frame: int) -> HttpResponse:
    """One exact frame of the scan; whether the person may see it is decided before."""
    if frame >= scan.frames:
        raise Http404(f"This scan has frames 0 to {scan.frames - 1}.")
    try:
        picture = frame_png(Path(scan.path), frame, rate=scan.rate, table=derived.frame_table(scan))
    except (FileNotFoundError, MediaError) as error:
        raise Http404(f"Frame {frame} cannot be read from the scan: {error}") from error
    return never_changes(HttpResponse(picture, content_type="image/png"))


@require_safe
def viewing(request: HttpRequest, pk: int) -> JsonResponse:
    """Whether the player can open this scan, and if not, how far its viewing copy is."""
    scan = scan_for(request, pk)
    if scan.derivatives == Derivatives.READY:
        return JsonResponse({"state": "ready", "words": ""})
    if scan.derivatives == Derivatives.FAILED:
        words = f"No viewing copy: {scan.derivatives_error}"
        return JsonResponse({"state": "failed", "words": words})
    words = f"Making the viewing copy: {scan.derivatives_done} of {scan.frames} frames"
    return JsonResponse({"state": scan.derivatives, "words": words})


def never_changes(response: HttpResponse) -> HttpResponse:
    """Let this browser keep what will always be the same at this address."""
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
