"""An approved clip on another site: a page made to be framed, its film, and oEmbed for both.

https://oembed.com. Only these answers may be framed, by the sites that EMBED_ON names.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import Resolver404, resolve, reverse
from django.utils.html import format_html
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from archive.access import check_media, open_door
from archive.ranges import ranged_file_response
from config.security import POLICY
from restoration import viewing
from restoration.models import Scene
from review import clips

WIDTH = 640
CAPTION = 96
"""Pixels under the picture for what it is and what a machine made of it."""


@open_door
@xframe_options_exempt
@require_safe
def embed(request: HttpRequest, pk: int) -> HttpResponse:
    clip = _clip(request, pk)
    response = render(request, "review/embed.html", {"clip": clip, "reel": clip.scene.scan.reel})
    sites = " ".join(settings.EMBED_ON) or "'none'"
    response.headers["Content-Security-Policy"] = POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {sites}"
    )
    return response


@open_door
@require_safe
def film(request: HttpRequest, pk: int) -> HttpResponseBase:
    view = viewing.view_of(_clip(request, pk).take)
    return ranged_file_response(request, view.proxy, "video/mp4")


def _clip(request: HttpRequest, pk: int) -> clips.Clip:
    """Raises: Http404, also where nobody approved the scene as it stands; PermissionDenied."""
    scene = get_object_or_404(Scene.objects.select_related("scan__reel__element__title"), pk=pk)
    check_media(request, scene.scan)
    found = clips.approved([scene]) if scene.retired is None else []
    if not found:
        raise Http404("This scene has no approved take, so there is no clip of it to show.")
    return found[0]


@open_door
@require_safe
def oembed(request: HttpRequest) -> HttpResponse:
    """What a site needs to show a clip of which it has the address."""
    if request.GET.get("format", "json") != "json":
        return HttpResponse("Only JSON is given.", status=501, content_type="text/plain")
    clip = _clip(request, _scene_at(request, request.GET.get("url", "")))
    width, height = _fitted(request, clip)
    address = request.build_absolute_uri(reverse("embed", args=[clip.scene.pk]))
    reel = clip.scene.scan.reel
    frame = format_html(
        '<iframe src="{}" width="{}" height="{}" title="{}" allowfullscreen></iframe>',
        address, width, height, str(reel),
    )  # fmt: skip
    response = JsonResponse(
        {
            "version": "1.0",
            "type": "video",
            "title": str(reel),
            "provider_name": "Reelproof",
            "provider_url": request.build_absolute_uri("/"),
            "width": width,
            "height": height,
            "html": str(frame),
        }
    )
    if not request.user.is_authenticated:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _scene_at(request: HttpRequest, address: str) -> int:
    """The scene whose clip an address of ours shows.

    Raises: Http404.
    """
    try:
        parts = urlsplit(address)
        found = resolve(parts.path)
    except (ValueError, Resolver404) as error:
        raise Http404("This is no address of a clip.") from error
    if parts.netloc != request.get_host() or found.url_name != "embed":
        raise Http404("This is no address of a clip.")
    return int(found.kwargs["pk"])


def _fitted(request: HttpRequest, clip: clips.Clip) -> tuple[int, int]:
    """Width and height of the frame, within what the site has room for."""
    wide, high = clip.size
    width = min(WIDTH, _most(request, "maxwidth"))
    height = width * high // wide + CAPTION
    most = _most(request, "maxheight")
    if height > most:
        height = max(most, CAPTION + 1)
        width = max((height - CAPTION) * wide // high, 1)
    return width, height


def _most(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    is_number = text.isascii() and text.isdigit() and 0 < len(text) < 6
    return max(int(text), 1) if is_number else 100_000
