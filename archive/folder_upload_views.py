"""Folders of frames from a browser: announced as JSON, then each file sent by the tus protocol."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from archive import folder_upload
from archive import upload as uploads
from archive.errors import UploadError
from archive.folder_upload import OfferedFile
from archive.models import Upload, UploadedFrame
from archive.upload_views import capabilities, not_allowed, patch, tus

Answer = HttpResponse | JsonResponse


@tus
def folders(request: HttpRequest) -> Answer:
    """POST {name, title, rate, collection, files: [[name, bytes, modified]]}: announce a folder.

    The answer: {address, frames: [[number in files, bytes held]]}, frames in their order; frame n
    is sent to address + n.
    """
    if request.method != "POST":
        return not_allowed("POST")
    told = _told(request)
    announced = folder_upload.announce(
        owner=request.user,  # type: ignore[arg-type]  # `tus` lets no anonymous user in
        name=_text(told, "name"),
        files=[_offered(entry) for entry in told.get("files", [])],
        title=_text(told, "title"),
        rate=_text(told, "rate"),
        collection=_text(told, "collection"),
    )
    frames = list(zip(announced.wanted, announced.held, strict=True))
    address = reverse("tus-folder", args=[announced.upload.pk])
    return JsonResponse({"address": address, "frames": frames}, status=201)


def _told(request: HttpRequest) -> dict[str, Any]:
    try:
        told = json.loads(request.body)
    except RequestDataTooBig as error:
        raise UploadError("That is a list of too many files.", status=413) from error
    except ValueError as error:
        raise UploadError("What was announced is no JSON.", status=400) from error
    if not isinstance(told, dict) or not isinstance(told.get("files", []), list):
        raise UploadError("What was announced is no folder.", status=400)
    return told


def _text(told: dict[str, Any], key: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str) or "\x00" in value:
        raise UploadError(f"{key} is no text.", status=400)
    return value


def _offered(entry: Any) -> OfferedFile:
    match entry:
        case [str(name), int(size), int(modified)] if "\x00" not in name and size < 1 << 62:
            return OfferedFile(name, size, modified)
    raise UploadError("Each file is announced as [name, bytes, time of change].", status=400)


@tus
def folder(request: HttpRequest, pk: uuid.UUID) -> Answer:
    """POST: every file has arrived, take it in. DELETE: never mind."""
    upload = get_object_or_404(Upload, pk=pk, owner_id=request.user.pk, files__gt=0)
    if request.method == "POST":
        folder_upload.finish(upload)
    elif request.method == "DELETE":
        uploads.discard(upload)
    else:
        return not_allowed("POST, DELETE")
    return HttpResponse(status=204)


@tus
def frame(request: HttpRequest, pk: uuid.UUID, place: int) -> Answer:
    """HEAD: how far. PATCH: more bytes."""
    if request.method == "OPTIONS":
        return capabilities()
    found = get_object_or_404(
        UploadedFrame.objects.select_related("upload"),
        upload=pk,
        upload__owner_id=request.user.pk,
        place=place,
    )
    if request.method == "HEAD":
        response = HttpResponse(status=200)
        response["Upload-Length"] = str(found.length)
    elif request.method == "PATCH":
        response = patch(request, lambda **told: folder_upload.append(found, **told))
    else:
        return not_allowed("OPTIONS, HEAD, PATCH")
    response["Upload-Offset"] = str(folder_upload.held(found.upload, found.name))
    return response
