"""Writes that are done once, and on the state that was seen.

`If-Match` names the state (its ETag); another one meanwhile is refused with 412.
`Idempotency-Key` names the request (draft-ietf-httpapi-idempotency-key-header): sent again with
the same body within a day it is answered as before and done no second time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api.problems import Refused
from archive.fixity import digest_json
from archive.models import AccessToken, StoredAnswer

KEEP = timedelta(hours=24)
LONGEST_KEY = 200
_KEPT_HEADERS = ("ETag", "Location")


def etag_of(shown: Any) -> str:
    """A strong ETag of what a row's address answers."""
    return f'"{digest_json(shown)[:32]}"'


def matches(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` or `If-Match` names that state."""
    named = parse_etags(header)
    return "*" in named or etag in named


def require_seen(request: Request, etag: str) -> None:
    """Raises: Refused with 428 if the request names no state, 412 if it names another."""
    header = request.headers.get("If-Match", "")
    if not header:
        raise Refused("Nothing was changed: send If-Match with the ETag of what you saw.", 428)
    if not matches(header, etag):
        raise Refused(
            "Nothing was changed: it is no longer as you saw it. Fetch it again, then send your "
            "change of what it says now.",
            412,
        )


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Do what a request asks for in one transaction; the same again is answered as before.

    Only what was done is kept: a refusal left nothing behind, and may end otherwise the next time.

    Raises: Refused with 409 if the key was used for another request.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        with transaction.atomic():
            return act()
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Refused(f"Nothing was done: a key has up to {LONGEST_KEY} plain characters.", 400)
    asked = digest_json([request.method, request.path, request.data])
    with transaction.atomic():
        stored, is_new = _stored(request, key, asked)
        if is_new:
            answer = act()
            stored.status, stored.body = answer.status_code, _plain(answer.data)
            stored.headers = {name: answer[name] for name in _KEPT_HEADERS if name in answer}
            stored.save(update_fields=["status", "body", "headers"])
            return answer
    if stored.request != asked:
        raise Refused(
            "Nothing was done: this Idempotency-Key was used for another request. Use a new one.",
            409,
        )
    headers = stored.headers | {"Idempotent-Replayed": "true"}
    return Response(stored.body, stored.status, headers=headers)


def _stored(request: Request, key: str, asked: str) -> tuple[StoredAnswer, bool]:
    """The row of that key; a second asker waits here until the first has its answer."""
    whose: dict[str, Any] = {
        "owner": request.user,
        "token": request.auth if isinstance(request.auth, AccessToken) else None,
        "key": key,
    }
    StoredAnswer.objects.filter(**whose, at__lt=timezone.now() - KEEP).delete()
    return StoredAnswer.objects.get_or_create(**whose, defaults={"request": asked})


def _plain(data: Any) -> Any:
    """What was answered, as the database keeps it."""
    return json.loads(JSONRenderer().render(data)) if data is not None else None


def sweep() -> dict[str, int]:
    """Forget answers that nobody may ask for again."""
    gone, _ = StoredAnswer.objects.filter(at__lt=timezone.now() - KEEP).delete()
    return {"answers": gone}
