"""The page that says what a file is: dropped, read, answered, and forgotten."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from archive.media.errors import MediaError
from review.verify_words import rows_of
from review.verifying import Asker, verify

MOST_FILES = 8
A_MINUTE = 20
"""How often one person, or all strangers at one address, may ask in a minute of a process."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the page shows of one file."""

    name: str
    rows: list[tuple[str, str]]
    state: str = ""
    """Of its credentials; empty where it could not be read."""
    problems: int = 0


@login_not_required
@csrf_exempt  # the token is checked below, once it is known that the body is no larger than allowed
def verify_files(request: HttpRequest) -> HttpResponseBase:
    """Say of files that are dropped together what they are; nothing of them is kept.

    Strangers too, where VERIFY_PUBLIC is switched on; each is told of reels that they may see.
    """
    if request.user.is_authenticated or settings.VERIFY_PUBLIC:
        return _ask(request)
    return redirect_to_login(request.get_full_path())


@require_http_methods(["GET", "HEAD", "POST"])
def _ask(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    limit = _limit(request)
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        words = (
            f"Nothing was read: together the files are larger than {limit >> 20} MiB. On the "
            "archive's own machine python manage.py verify PATH has no limit."
        )
        return _page(request, words=words, status=413)
    if _asked_too_often(request):  # before anything of the body is read
        words = f"Nothing was read: {A_MINUTE} times a minute is the most. Wait a little."
        return _page(request, words=words, status=429)
    return _answer(request)


def _limit(request: HttpRequest) -> int:
    known = request.user.is_authenticated
    return int(settings.VERIFY_LIMIT_BYTES if known else settings.VERIFY_PUBLIC_LIMIT_BYTES)


@csrf_protect
def _answer(request: HttpRequest) -> HttpResponse:
    dropped = request.FILES.getlist("files")
    names = {_name(each) for each in dropped}
    if not dropped or len(dropped) > MOST_FILES or len(names) != len(dropped):
        words = f"Choose from one to {MOST_FILES} files, each with a name of its own."
        return _page(request, words=words, status=400)
    return _page(request, found=_look_at(dropped, _asker(request)))


def _asker(request: HttpRequest) -> Asker:
    user: Any = request.user
    return Asker(
        sees=lambda reel: user.has_perm("archive.view_reel", reel),
        is_staff=lambda reel: user.has_perm("review.open_review", reel),
    )


def _asked_too_often(request: HttpRequest) -> bool:
    who = request.user.pk or request.META.get("REMOTE_ADDR", "")
    key = f"verify-{hashlib.sha256(str(who).encode()).hexdigest()}"
    cache.add(key, 0, timeout=60)
    try:
        return cache.incr(key) > A_MINUTE
    except ValueError:  # it ran out between the two
        return False


def _name(dropped: UploadedFile) -> str:
    return Path(dropped.name or "file").name


def _look_at(dropped: list[UploadedFile], asker: Asker) -> list[Told]:
    """What each of them is; they lie beside each other.

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
        return [_told(path, asker) for path in paths]


def _told(path: Path, asker: Asker) -> Told:
    try:
        finding = verify(path, decode=False, asker=asker)
    except (MediaError, OSError) as error:
        words = f"It cannot be read: {error}".replace(str(path.parent), "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        words = f"The record.json beside it has another shape: {error!r}"
    else:
        state, problems = finding.credentials.state, len(finding.problems)
        return Told(path.name, rows_of(finding), state, problems)
    return Told(path.name, [("PROBLEM", words)], problems=1)


def _page(
    request: HttpRequest, *, found: Any = (), words: str = "", status: int = 200
) -> HttpResponse:
    context = {"found": found, "words": words, "limit": _limit(request), "most": MOST_FILES}
    answer = render(request, "review/verify.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
