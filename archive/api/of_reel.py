"""The reel that an address below it names."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound

from archive import reading
from archive.api.catalogue import reels_of
from archive.models import Reel


def reel_named(view: Any) -> Reel:
    """The reel of the address, if the person sees it.

    Raises: NotFound.
    """
    found = reels_of(view.request.user).filter(pk=view.kwargs["pk"]).first()
    if found is None:
        raise NotFound
    reading.note(view.request._request, found)
    return found


def reel_with_right(view: Any) -> Reel:
    """The same, over which the person has the right that the method needs.

    Raises: NotFound, PermissionDenied.
    """
    reel = reel_named(view)
    view.ask_right(reel)
    return reel
