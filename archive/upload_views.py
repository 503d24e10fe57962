"""The page that takes a film in, and the tus 1.0 protocol under it (https://tus.io/protocols).

Written here because no package fits: django-tus keeps the offset in Django's cache, which workers
do not share, reads whole pieces into memory and exempts itself from CSRF checks; drf-tus deletes an
upload at any error and wants REST framework and three packages more. Neither knows whose an upload
is. Core, creation, termination, expiration and checksum are what is spoken.
"""

from __future__ import annotations

import base64
import binascii
import functools
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_GET, require_POST

from archive import sight
from archive import upload as uploads
from archive import upload_places as places
from archive.access import needs_somewhere
from archive.errors import UploadError
from archive.models import Upload
from archive.receiving import CHECKSUMS, Checksum

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration,checksum"
View = Callable[..., HttpResponseBase]


# The page


@require_GET
@needs_somewhere("archive.ingest")
def upload_page(request: HttpRequest) -> HttpResponse:
    context = listed(request) | {
        "collections": sight.collections(request.user, "archive.ingest"),
        "limit": places.limit_bytes(),
        "piece": places.piece_bytes(),
    }
    return render(request, "archive/upload.html", context)


@require_GET
@needs_somewhere("archive.ingest")
def upload_list(request: HttpRequest) -> HttpResponse:
    """The part of the page that asks for news while something goes on."""
    return render(request, "archive/upload_list.html", listed(request))


@require_POST
@needs_somewhere("archive.ingest")
def upload_discard(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk, owner=request.user)
    try:
        uploads.discard(upload)
    except UploadError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{upload.name} is gone from the list.")
    return redirect("upload")


@require_POST
@needs_somewhere("archive.ingest")
def upload_retry(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk, owner=request.user)
    try:
        uploads.retry(
            upload, rate=request.POST.get("rate", ""), title=request.POST.get("title", "")
        )
    except UploadError as error:
        messages.error(request, str(error))
    return redirect("upload")


def listed(request: HttpRequest) -> dict[str, Any]:
    """The person's uploads, each with what has arrived of it, and whether one is moving."""
    found = list(
        Upload.objects.filter(owner_id=request.user.pk).select_related("reel__element__title")[:50]
    )
    for upload in found:
        upload.received = places.received(upload)  # type: ignore[attr-defined]
    moving = {Upload.Status.RECEIVING, Upload.Status.WAITING, Upload.Status.INGESTING}
    return {"uploads": found, "busy": any(upload.status in moving for upload in found)}


# The protocol


def tus(view: View) -> View:
    """Answer as the protocol wants it: to archivists, in its version, errors as short text.

    The log-in page is no answer that a client could read, so 401 says that nobody is logged in.
    """

    @login_not_required
    @functools.wraps(view)
    def answer(request: HttpRequest, **names: Any) -> HttpResponseBase:
        response = _answer(view, request, names)
        response["Tus-Resumable"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    return answer


def _answer(view: View, request: HttpRequest, names: dict[str, Any]) -> HttpResponseBase:
    if not request.user.is_authenticated:
        return _words("Log in again; what arrived is kept.", status=401)
    if not request.user.has_perm("archive.ingest"):
        return _words("Only archivists take films in.", status=403)
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        response = _words(f"This server speaks tus {VERSION}.", status=412)
        response["Tus-Version"] = VERSION
        return response
    try:
        return view(request, **names)
    except UploadError as error:
        return _words(str(error), status=error.status)
    except Http404:
        return _words("There is no such upload.", status=404)


def _words(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


@tus
def tus_files(request: HttpRequest) -> HttpResponse:
    """OPTIONS: what is spoken here. POST: announce a file."""
    if request.method == "OPTIONS":
        return capabilities()
    if request.method != "POST":
        return not_allowed("OPTIONS, POST")
    if "Upload-Defer-Length" in request.headers:
        raise UploadError("Say with Upload-Length how long the file is.", status=400)
    told = read_metadata(request.headers.get("Upload-Metadata", ""))
    upload = uploads.create(
        owner=request.user,  # type: ignore[arg-type]  # `tus` lets no anonymous user in
        name=told.get("filename", ""),
        length=_whole_number(request, "Upload-Length"),
        title=told.get("title", ""),
        rate=told.get("rate", ""),
        collection=told.get("collection", ""),
    )
    response = HttpResponse(status=201)
    response["Location"] = reverse("tus-file", args=[upload.pk])
    response["Upload-Expires"] = http_date(uploads.expires(upload).timestamp())
    return response


@tus
def tus_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """HEAD: how far. PATCH: more bytes. DELETE: never mind."""
    if request.method == "OPTIONS":
        return capabilities()
    # Somebody else's upload is as unknown as one that never was.
    upload = get_object_or_404(Upload, pk=pk, owner_id=request.user.pk, files=0)
    if request.method == "HEAD":
        response = HttpResponse(status=200)
        response["Upload-Length"] = str(upload.length)
    elif request.method == "PATCH":
        response = patch(request, partial(uploads.append, upload))
    elif request.method == "DELETE":
        uploads.discard(upload)
        return HttpResponse(status=204)
    else:
        return not_allowed("OPTIONS, HEAD, PATCH, DELETE")
    upload.refresh_from_db()
    response["Upload-Offset"] = str(places.received(upload))
    if upload.status == Upload.Status.RECEIVING:
        response["Upload-Expires"] = http_date(uploads.expires(upload).timestamp())
    return response


def patch(request: HttpRequest, append: Callable[..., int]) -> HttpResponse:
    """Give what a PATCH request carries to `append`.

    Raises: UploadError as `append` does, or if the request does not say what it must.
    """
    if request.content_type != "application/offset+octet-stream":
        raise UploadError("Send bytes as application/offset+octet-stream.", status=415)
    append(
        offset=_whole_number(request, "Upload-Offset"),
        source=request,
        checksum=read_checksum(request.headers.get("Upload-Checksum", "")),
    )
    return HttpResponse(status=204)


def capabilities() -> HttpResponse:
    response = HttpResponse(status=204)
    response["Tus-Version"] = VERSION
    response["Tus-Extension"] = EXTENSIONS
    response["Tus-Max-Size"] = str(places.limit_bytes())
    response["Tus-Checksum-Algorithm"] = ",".join(CHECKSUMS)
    return response


def not_allowed(methods: str) -> HttpResponse:
    response = _words(f"Allowed here: {methods}.", status=405)
    response["Allow"] = methods
    return response


def _whole_number(request: HttpRequest, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise UploadError(f"{header} must be a whole number.", status=400)
    return int(text)


def read_metadata(header: str) -> dict[str, str]:
    """Read Upload-Metadata: "key base64,key base64".

    Raises: UploadError if a value is not base64 of UTF-8 text.
    """
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UploadError(f"Upload-Metadata: {key} cannot be read.", status=400) from error
        if "\x00" in found[key]:
            raise UploadError(f"Upload-Metadata: {key} holds a NUL character.", status=400)
    return found


def read_checksum(header: str) -> Checksum | None:
    """Read Upload-Checksum: "sha256 base64".

    Raises: UploadError if the algorithm is not ours or the value no digest.
    """
    if not header:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in CHECKSUMS:
        raise UploadError(f"Checksums known here: {', '.join(CHECKSUMS)}.", status=400)
    try:
        return Checksum(algorithm, base64.b64decode(value, validate=True))
    except binascii.Error as error:
        raise UploadError("Upload-Checksum is not base64.", status=400) from error
