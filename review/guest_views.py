"""What a guest meets: the door, the takes of the link, their media, and a place for notes.

Nobody here is logged in, and nothing here says who is. Every answer asks the link's row again. The
forms need no token against forging (`csrf_exempt`): their addresses hold a secret that only the
guest was given, and a page under `no-referrer` posts with an origin that Django would refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.media.errors import MediaError
from archive.media.stills import frame_png
from archive.ranges import ranged_file_response
from restoration import viewing
from review import notes
from review.errors import ReviewError
from review.forms import DoorForm, GuestNoteForm
from review.guests import copies, doors, links, room
from review.guests.doors import Closed, NotIn
from review.models import SharedTake

Asked = ParamSpec("Asked")
View = Callable[Concatenate[HttpRequest, Asked], HttpResponseBase]
NO_DOCUMENT = "A film is shown on the page it belongs to, and is not given away by itself."


def for_guests(view: View[Asked]) -> View[Asked]:
    """Answer without a log-in, in words where nothing is open; no answer is kept or found."""

    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Asked.args, **kwargs: Asked.kwargs) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Closed as closed:
            response = render(
                request, "review/guest_closed.html", {"words": closed.words}, status=closed.status
            )
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return answer


@csrf_exempt
@for_guests
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, secret: str) -> HttpResponse:
    """Where the link leads: a guest says who they are, and the password if there is one."""
    link = doors.require_open(links.find(secret))
    form = DoorForm(
        request.POST if request.method == "POST" else None, initial={"name": link.guest}
    )
    told, status = "", 200
    if request.method == "POST" and not form.is_valid():
        told, status = str(next(iter(form.errors.values()))[0]), 400
    elif request.method == "POST":
        try:
            doors.enter(request, link, **form.cleaned_data)
            return redirect("guest-link", pk=link.pk)
        except NotIn as refused:
            told, status = refused.words, refused.status
    context = {"link": link, "form": form, "told": told, "count": link.shown.count()}
    return render(request, "review/guest_door.html", context, status=status)


@for_guests
@require_safe
def shown(request: HttpRequest, pk: int) -> HttpResponse:
    """The scenes of the link; its one scene at once."""
    guest = doors.guest_of(request, pk)
    rows = list(guest.link.shown.select_related("scene__scan", "take__scan"))
    if len(rows) == 1:
        return redirect("guest-scene", pk=pk, shown=rows[0].pk)
    cards = [room.card(guest, row) for row in rows]
    return render(request, "review/guest_link.html", {"guest": guest, "cards": cards})


@for_guests
@require_safe
def scene(request: HttpRequest, pk: int, shown: int) -> HttpResponse:
    guest = doors.guest_of(request, pk)
    return _scene(request, guest, guest.shown(shown))


def _scene(
    request: HttpRequest, guest: doors.Guest, row: SharedTake, *, told: str = "", status: int = 200,
    form: GuestNoteForm | None = None,
) -> HttpResponse:  # fmt: skip
    context = room.context(guest, row) | {"told": told, "form": form, "kept": "kept" in request.GET}
    return render(request, "review/guest_scene.html", context, status=status)


@for_guests
@require_safe
def state(request: HttpRequest, pk: int, shown: int) -> JsonResponse:
    """How far the copy is, and fresh addresses; the page asks again while it is open."""
    guest = doors.guest_of(request, pk)
    row = guest.shown(shown)
    name, words = copies.state_of(row)
    if name == "failed":
        words = "There is no picture to show. Tell the archive; they see what is wrong."
    return JsonResponse({"state": name, "words": words} | room.addresses(guest, row))


@csrf_exempt
@for_guests
@require_POST
def note(request: HttpRequest, signed: str) -> HttpResponse:
    """Keep a guest's note; the address is one that this guest's page was given."""
    guest, row = doors.guest_with(request, signed)
    form = GuestNoteForm(request.POST)
    if not form.is_valid():
        told = f"The note was not kept. {next(iter(form.errors.values()))[0]}"
        return _scene(request, guest, row, told=told, status=400, form=form)
    values = form.cleaned_data
    try:
        notes.add_of_guest(
            guest.visit,
            row.scene,
            start_frame=values["first"],
            end_frame=values["last"] + 1,
            text=values["text"],
        )
    except ReviewError as error:
        return _scene(request, guest, row, told=str(error), status=400, form=form)
    address = reverse("guest-scene", args=[guest.link.pk, row.pk])
    return HttpResponseRedirect(f"{address}?kept#frame={values['first']}")


@for_guests
@require_safe
def film(request: HttpRequest, signed: str) -> HttpResponseBase:
    _, row = doors.guest_with(request, signed)
    _refuse_documents(request)
    return ranged_file_response(request, copies.copy_of(row).film, "video/mp4")


@for_guests
@require_safe
def still(request: HttpRequest, signed: str, frame: int) -> HttpResponse:
    """One picture of the guest's copy, with the mark that is in it."""
    _, row = doors.guest_with(request, signed)
    copy, take = copies.copy_of(row), row.take
    if not copy.is_ready() or not take.start_frame <= frame < take.end_frame:
        raise Closed("This picture is not there.")
    try:
        table = copies.film_table(row)
        picture = frame_png(copy.film, frame - take.start_frame, rate=take.scan.rate, table=table)
    except (FileNotFoundError, MediaError) as error:
        raise Closed("This picture cannot be read. Tell the archive.") from error
    return HttpResponse(picture, content_type="image/png")


@for_guests
@require_safe
def labels(request: HttpRequest, signed: str) -> HttpResponseBase:
    """Which pixels a machine made, frame by frame: nobody who sees the picture is kept from it."""
    _, row = doors.guest_with(request, signed)
    view = viewing.view_of(row.take)
    return ranged_file_response(request, view.labels, "application/octet-stream")


@for_guests
@require_safe
def labels_index(request: HttpRequest, signed: str) -> HttpResponseBase:
    _, row = doors.guest_with(request, signed)
    return ranged_file_response(request, viewing.view_of(row.take).index, "application/json")


def _refuse_documents(request: HttpRequest) -> None:
    """A browser says what it fetches a film for; as a page or a download it is not given."""
    if request.headers.get("Sec-Fetch-Dest", "video") not in ("video", "audio", "empty"):
        raise Closed(NO_DOCUMENT, 403)
