"""The copies that guests see: made once by a worker, kept while their link opens, then removed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone
from dramatiq.errors import DramatiqError

from archive import stored
from archive.derived import frame_table
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from restoration import viewing
from restoration.mapfile import MapReader
from restoration.models import Take
from restoration.provenance import ProvenanceError
from restoration.storage import storage
from restoration.viewing import View
from review.guests.copying import ScanSound, write_copy
from review.guests.links import closed_because, covers_picture
from review.guests.marking import Mark, make_mark
from review.material import totals_of
from review.models import SharedTake, ShareLink
from review.shares import machine_share

log = logging.getLogger(__name__)
ROOT = "guests"


@dataclass(frozen=True, slots=True)
class GuestCopy(View):
    """Where the copy of one shared take lies."""

    @property
    def film(self) -> Path:
        return self.folder / "film.mp4"

    @property
    def table(self) -> Path:
        return self.folder / "frames.json"


def copy_of(shown: SharedTake) -> GuestCopy:
    """Its folder names the kind of mark: a policy that was changed never finds the wrong one."""
    kind = "over" if covers_picture(shown.link) else "below"
    key = f"{ROOT}/{shown.link_id}/{shown.pk}-{kind}"
    return GuestCopy(storage().place(key), key)


def make_copy(shown: SharedTake) -> None:
    """Make the copy, and the labels that go with it, unless the link is closed by now.

    Raises: MediaError, ProvenanceError, OSError; the words are kept for the page.
    """
    if closed_because(shown.link):
        return
    viewing.make_view(shown.take)
    viewing.make_once(copy_of(shown), lambda folder, say: _fill(shown, folder, say))


def _fill(shown: SharedTake, folder: Path, say: Callable[[int, int], None]) -> None:
    take = shown.take
    kept = storage().folder(take.storage_key)
    if MapReader(kept / "map.mkv").totals() != totals_of(take):
        raise ProvenanceError(
            f"The map of scene {shown.number} counts other labels than its manifest says; nothing "
            "is shown. Check fixity, and run the stage again."
        )
    table = write_copy(
        folder / "film.mp4",
        picture=kept / "picture.mkv",
        rate=take.scan.rate,
        frames=take.frames,
        mark=lambda width, height: mark_of(shown, width, height),
        sound=_sound(take),
        progress=say,
    )
    table.save(folder / "frames.json")


def mark_of(shown: SharedTake, width: int, height: int) -> Mark:
    link = shown.link
    words = f"For review by {link.guest} · link {link.pk}"
    if said := _made_by_machine(shown.take):
        words += f" · {said}"
    return make_mark(width, height, name=link.guest, words=words, covers=covers_picture(link))


def _made_by_machine(take: Take) -> str:
    planes = [plane for plane in ("structure", "colour") if machine_share(take.totals, plane) > 0]
    if not planes:
        return ""
    named = " and ".join("picture" if plane == "structure" else plane for plane in planes)
    return f"{named} partly machine-made"


def _sound(take: Take) -> ScanSound | None:
    scan = take.scan
    if not scan.audio:
        return None
    frames = range(take.start_frame, take.end_frame)
    return ScanSound(Path(scan.path), frame_table(scan), frames)


def state_of(shown: SharedTake) -> tuple[str, str]:
    """How far the copy is, as `viewing.standing` says it; asks for a worker if it is not made."""
    state, words = viewing.standing(copy_of(shown), lambda: ring(shown.pk))
    if state != "ready" or viewing.view_of(shown.take).is_ready():
        return state, words
    return viewing.standing(viewing.view_of(shown.take), lambda: ring(shown.pk))


def film_table(shown: SharedTake) -> FrameTable:
    """Raises: MediaError if the copy is not made."""
    copy = copy_of(shown)
    stored.bring(copy.key)
    return FrameTable.load(copy.table)


def ring(shown: int) -> None:
    """Have a copy made; the page asks again if this message is lost."""
    from review.tasks import make_guest_copy

    try:
        make_guest_copy.send(shown)
    except DramatiqError as error:
        log.warning("shared take %s: its copy will be made when it is asked for", shown)
        log.info("%s", error)


def remove(link: int) -> bool:
    """Remove the copies of a link. True: there were any."""
    folder = storage().place(f"{ROOT}/{link}")
    there = storage().exists(f"{ROOT}/{link}")
    stored.forget(f"{ROOT}/{link}")
    shutil.rmtree(folder, ignore_errors=True)
    return there


def sweep() -> dict[str, list[int]]:
    """Remove the copies of links that nobody can open again; which those were."""
    named = {each.name for each in storage().place(ROOT).glob("*")} | stored.names_in(ROOT)
    kept = [int(name) for name in named if name.isdecimal()]
    alive = ShareLink.objects.filter(
        pk__in=kept, revoked__isnull=True, expires__gt=timezone.now()
    ).values_list("pk", flat=True)
    gone = sorted(set(kept) - set(alive))
    return {"removed": [link for link in gone if remove(link)]}


def make_by_message(shown: int) -> None:
    """What a worker does: the words of what goes wrong are kept beside the copy."""
    row = SharedTake.objects.select_related(
        "link__reel__element__title", "link__by", "take__scan"
    ).get(pk=shown)
    try:
        make_copy(row)
    except (MediaError, ProvenanceError, OSError) as error:
        log.warning("no copy for %s: %s", row, error)
