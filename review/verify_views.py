"""The page that says what a file is: dropped, read, answered, and forgotten."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from archive.access import signed_in
from archive.media.errors import MediaError
from review.verify_words import lines_of
from review.verifying import verify

MOST_FILES = 8
A_MINUTE = 20
"""How often one person may ask in a minute, in each server process."""


@csrf_exempt  # the token is checked below, once it is known that the body is no larger than allowed
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("review.deliver", raise_exception=True)  # it names reels under embargo too
def verify_files(request: HttpRequest) -> HttpResponse:
    """Say of files that are dropped together what they are; nothing of them is kept."""
    limit = int(settings.VERIFY_LIMIT_BYTES)
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        words = (
            f"Nothing was read: together the files are larger than {limit >> 20} MiB. On this "
            "machine python manage.py verify PATH has no limit."
        )
        return _page(request, words=words, status=413)
    return _answer(request)


@csrf_protect
def _answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    if _asked_too_often(request):
        words = f"Nothing was read: {A_MINUTE} times a minute is the most. Wait a little."
        return _page(request, words=words, status=429)
    dropped = request.FILES.getlist("files")
    names = {_name(each) for each in dropped}
    if not dropped or len(dropped) > MOST_FILES or len(names) != len(dropped):
        words = f"Choose from one to {MOST_FILES} files, each with a name of its own."
        return _page(request, words=words, status=400)
    return _page(request, found=_look_at(dropped))


def _asked_too_often(request: HttpRequest) -> bool:
    key = f"verify-{signed_in(request).pk}"
    cache.add(key, 0, timeout=60)
    try:
        return cache.incr(key) > A_MINUTE
    except ValueError:  # it ran out between the two
        return False


def _name(dropped: UploadedFile) -> str:
    return Path(dropped.name or "file").name


def _look_at(dropped: list[UploadedFile]) -> list[tuple[str, bool, str]]:
    """Name, whether all is well, and what was found, of each; they lie beside each other.

    Nothing is decoded here: a decoder is no place for a stranger's file in a web server.
    """
    with tempfile.TemporaryDirectory(prefix="reelproof-verify-") as held:
        paths = []
        for each in dropped:
            path = Path(held) / _name(each)
            with path.open("xb") as target:
                for piece in each.chunks():
                    target.write(piece)
            paths.append(path)
        return [_told(path) for path in paths]


def _told(path: Path) -> tuple[str, bool, str]:
    try:
        finding = verify(path, decode=False)
    except (MediaError, OSError) as error:
        return path.name, False, f"It cannot be read: {error}".replace(str(path.parent), "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return path.name, False, f"The record.json beside it has another shape: {error!r}"
    return path.name, not finding.problems, "\n".join(lines_of(finding)[1:])


def _page(
    request: HttpRequest, *, found: Any = (), words: str = "", status: int = 200
) -> HttpResponse:
    context = {"found": found, "words": words, "limit": int(settings.VERIFY_LIMIT_BYTES),
               "most": MOST_FILES}  # fmt: skip
    answer = render(request, "review/verify.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
