"""Links for guests: made, revoked, found by their secret, and whether one still opens.

A link shows the takes that were named when it was made. It opens while everything still holds that
was so then: it is asked anew at each request, so that nothing has to be undone anywhere else.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from archive import custody, embargo
from archive.models import Reel
from restoration import scenes as cuts
from restoration.models import Scene, Take
from restoration.storage import storage
from review.errors import DecisionRefused, NotAllowed
from review.gating import Gate, hold
from review.guests.marking import unwritable_letter
from review.models import SharedTake, ShareLink
from review.uses import policies, policy_for
from review.version_choice import VersionChoice

DAYS = 14
SECRET_BYTES = 32
_HELD = "the title is under embargo"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a link is to be."""

    guest: str
    use: str = ""
    """Empty: to be judged, and used for nothing."""
    version: str = Take.Version.RESTORATION.value
    scene: Scene | None = None
    """The one scene that is shown; None: all of the reel that have a take."""
    days: int = DAYS
    password: str = ""
    word: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    link: ShareLink
    secret: str
    """Known at this moment alone: what is kept is its digest."""


@transaction.atomic
def make(reel: Reel, wish: Wish, *, by: Any) -> Made:
    """Make a link for one guest.

    Raises: NotAllowed; DecisionRefused, also where the policy of the use does not let the reel
        leave as it stands; UnknownUse.
    """
    if not (by.has_perm("review.share", reel) and by.has_perm("archive.view_media", reel)):
        raise NotAllowed(
            f"{by.get_username()} may not share this reel; no link was made. "
            "An archivist or an administrator can give you the role for it."
        )
    _require_sound(reel, wish)
    named = _named(reel, wish)
    if wish.use:
        named = _require_gate(reel, wish, named)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    link = ShareLink.objects.create(
        reel=reel,
        digest=digest_of(secret),
        guest=wish.guest.strip(),
        use=wish.use,
        version=wish.version,
        password=make_password(wish.password) if wish.password else "",
        word=wish.word.strip(),
        by=by,
        expires=timezone.now() + timedelta(days=wish.days),
    )
    numbers = _numbers(reel)
    SharedTake.objects.bulk_create(
        SharedTake(link=link, scene=scene, take=take, digest=take.digest, number=numbers[scene.pk])
        for scene, take in named
    )
    _record("share link made", link, by=by)
    return Made(link, secret)


@transaction.atomic
def revoke(link: ShareLink, *, by: Any) -> ShareLink:
    """Close a link for good; the next request by it is refused.

    Raises: NotAllowed, DecisionRefused if somebody did so before.
    """
    if not by.has_perm("review.share", link.reel):
        raise NotAllowed(f"{by.get_username()} may not revoke links; nothing was changed.")
    link = ShareLink.objects.select_for_update().get(pk=link.pk)
    if link.revoked is not None:
        raise DecisionRefused(f"Nothing was changed: {link.revoked_by} revoked it already.")
    link.revoked, link.revoked_by = timezone.now(), by
    link.save(update_fields=["revoked", "revoked_by"])
    _record("share link revoked", link, by=by)
    return link


def find(secret: str) -> ShareLink | None:
    """The link with that secret, open or closed."""
    wanted = digest_of(secret)
    found = _with_reel(ShareLink.objects.filter(digest=wanted)).first()
    return found if found is not None and constant_time_compare(found.digest, wanted) else None


def _with_reel(links: Any) -> Any:
    return links.select_related("reel__element__title__collection", "by")


def digest_of(secret: str) -> str:
    """A random secret of 256 bits needs no slow hash: it cannot be guessed from its digest."""
    return hashlib.sha256(secret.encode()).hexdigest()


def closed_because(link: ShareLink) -> str:
    """Why a link opens nothing at this moment, for those who may know; empty: it is open."""
    if not settings.SHARE_LINKS:
        return "links are switched off (SHARE_LINKS)"
    if link.revoked is not None:
        return f"revoked by {link.revoked_by}"
    if link.expires <= timezone.now():
        return "expired"
    return _maker_may_not(link) or _gone(link) or _gate_closed(link)


def _maker_may_not(link: ShareLink) -> str:
    """Nobody shows by a link what they could not look at themselves, and none shows an embargo."""
    reel = link.reel
    if embargo.until(reel):
        return _HELD
    if not (
        link.by.has_perm("review.share", reel) and link.by.has_perm("archive.view_media", reel)
    ):
        return f"{link.by} may no longer share this reel"
    return ""


def _gone(link: ShareLink) -> str:
    for shown in link.shown.select_related("take"):
        if shown.take.digest != shown.digest:
            return f"the take of scene {shown.number} is not the one that was shared"
        if not storage().exists(shown.take.storage_key):
            return f"the files of the take of scene {shown.number} were removed"
    return ""


def _gate_closed(link: ShareLink) -> str:
    """Whether what is shown may still leave for the use that the link was made for."""
    if not link.use:
        return ""
    if link.use not in policies():
        return f"there is no use {link.use} any more"
    held = hold(link.reel, link.use, choice=VersionChoice(link.version))
    if not held.verdict.allowed:
        return f"{link.use}: {_why_not(held)}"
    leaving = {scene: take.digest for scene, take in held.leaving.items()}
    if any(leaving.get(shown.scene_id) != shown.digest for shown in link.shown.all()):
        return f"other takes would leave for {link.use} now than those that were shared"
    return ""


def covers_picture(link: ShareLink) -> bool:
    """Whether the guest's name lies over the picture; a use of evidence lets no hand into it."""
    return not (link.use and policy_for(link.use).forbids_lettering)


def _require_sound(reel: Reel, wish: Wish) -> None:
    if embargo.until(reel):
        raise DecisionRefused(f"No link was made: {_HELD}, and no guest sees it until that ends.")
    if not wish.guest.strip():
        raise DecisionRefused(
            "No link was made: say who the guest is; the name is in each picture."
        )
    if letter := unwritable_letter(wish.guest):
        raise DecisionRefused(
            f"No link was made: the typeface here cannot write {letter!r} into the picture. Write "
            "the name in letters that it has, or install fonts-dejavu."
        )
    if not 1 <= wish.days <= settings.SHARE_LINK_DAYS:
        raise DecisionRefused(
            f"No link was made: it may open for 1 to {settings.SHARE_LINK_DAYS} days."
        )


def _named(reel: Reel, wish: Wish) -> list[tuple[Scene, Take]]:
    """The scenes that are shown, each with the take that stands at this moment."""
    wanted = [wish.scene] if wish.scene is not None else list(_scenes(reel))
    heads = cuts.head_takes(wanted, wish.version)
    named = [(scene, heads[scene.pk]) for scene in wanted if scene.pk in heads]
    if not named:
        of = "no take" if wish.version == cuts.RESTORATION else "no colour version"
        raise DecisionRefused(f"No link was made: there is {of} to show yet.")
    return named


def _require_gate(
    reel: Reel, wish: Wish, named: Iterable[tuple[Scene, Take]]
) -> list[tuple[Scene, Take]]:
    """The takes that the policy of the use lets leave, of the scenes that are asked for."""
    held = hold(reel, wish.use, choice=VersionChoice(wish.version))
    if not held.verdict.allowed:
        raise DecisionRefused(f"No link was made: {wish.use} does not allow it. {_why_not(held)}")
    return [(scene, held.leaving[scene.pk]) for scene, _ in named]


def _why_not(held: Gate) -> str:
    return " ".join(str(reason) for reason in held.verdict.reasons[:4])


def _scenes(reel: Reel) -> Iterable[Scene]:
    found = Scene.objects.current().filter(scan=reel.current_scan())
    return found.select_related("scan").order_by("start_frame")


def _numbers(reel: Reel) -> dict[int, int]:
    return {scene.pk: number for number, scene in enumerate(_scenes(reel), start=1)}


def _record(kind: str, link: ShareLink, *, by: Any) -> None:
    shown = link.shown.select_related("take")
    custody.record(
        kind=kind,
        agent=custody.person(by),
        subject=f"share-link:{link.pk}",
        reel=link.reel,
        detail={
            "guest": link.guest,
            "use": link.use,
            "version": link.version,
            "expires": link.expires.isoformat(),
            "password": bool(link.password),
            "takes": [{"scene": each.number, "digest": each.digest} for each in shown],
        },
    )
