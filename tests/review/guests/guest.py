"""Somebody who comes in by a link, and the copies that a worker would have made."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client
from django.urls import reverse

from archive.models import Reel
from review.guests import copies, links
from review.guests.links import Made, Wish


def make_link(reel: Reel, by: Any, **wish: Any) -> Made:
    """A link, with its copies made unless it is closed."""
    made = links.make(reel, Wish(**{"guest": "Ada Byron"} | wish), by=by)
    make_copies(made)
    return made


def make_copies(made: Made) -> None:
    for shown in made.link.shown.all():
        copies.make_by_message(shown.pk)


def come_in(made: Made, *, name: str = "Ada", password: str = "") -> Client:
    client = Client()
    address = reverse("guest-door", args=[made.secret])
    answer = client.post(address, {"name": name, "password": password})
    assert answer.status_code == 302, answer.content.decode()[-400:]
    return client


def media_of(client: Client, made: Made, place: int = 0) -> dict[str, str]:
    """What the page of one of the shown scenes is given: state and addresses."""
    shown = made.link.shown.order_by("number")[place]
    answer = client.get(reverse("guest-state", args=[made.link.pk, shown.pk]))
    assert answer.status_code == 200, answer.content.decode()[-400:]
    found: dict[str, str] = json.loads(answer.content)
    return found


def status_of(client: Client, address: str, **headers: str) -> int:
    """What a media address answers; a file that it opened is closed again."""
    answer = client.get(address, headers=headers)
    if answer.streaming:
        list(answer.streaming_content)
    return answer.status_code
