"""What an added colour rests on, for those who hold a delivery and have no catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from restoration.guides import read_guides
from restoration.models import ColourReference, Hint, PaletteEntry, Take
from restoration.orders import FACTS
from restoration.provenance import ProvenanceError
from restoration.storage import storage
from review.formats.edition import DeliveryError
from review.version_choice import COLOUR


def guides_of(take: Take) -> tuple[dict[str, Any], ...]:
    """The table that the numbers of a take's map point into, with what the catalogue adds to it.

    Of a hint that names a colour of a palette: `palette_entry`, with what has that colour, after
    what it was decided, how sure that is, by whom and when. Of a still: what it is and where it is
    from. Hints that no row stands for, as of a run with parameters of its own, stay as they are.

    Returns: empty for a take without added colour.
    Raises: DeliveryError if the table is lost, or is not the one that the manifest vouches for.
    """
    if take.version != COLOUR:
        return ()
    table = _table(take)
    hints, stills = _hints(take, table), _stills(take, table)
    return tuple(_told(guide, hints, stills) for guide in table)


def _table(take: Take) -> list[dict[str, Any]]:
    known = take.manifest.get("files", {}).get(FACTS, {}).get("sha256")
    try:
        path = storage().folder(take.storage_key, FACTS) / FACTS
        if known is None or hashlib.sha256(path.read_bytes()).hexdigest() == known:
            return [dict(guide) for guide in read_guides(path)]
    except (OSError, ProvenanceError):
        pass  # told below, as an altered file is
    raise DeliveryError(
        f"The record of {take.stage} take {take.number} of frames {take.start_frame} to "
        f"{take.end_frame - 1} ({FACTS}) is lost or damaged, so nobody can say what its colours "
        "rest on; restore the file from a backup, or make the take again"
    )


def _hints(take: Take, table: Iterable[Mapping[str, Any]]) -> dict[str, Hint]:
    names = [str(guide["id"]) for guide in table if guide["kind"] == "hint"]
    found = Hint.objects.filter(
        scan=take.scan_id, pk__in=[int(name) for name in names if name.isdecimal()]
    )
    rows = found.select_related("by", "entry__palette", "entry__by")
    return {str(row.pk): row for row in rows}


def _stills(take: Take, table: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str], Any]:
    digests = {guide["sha256"] for guide in table if guide["kind"] == "reference"}
    found = ColourReference.objects.filter(scan=take.scan_id, sha256__in=digests)
    return {(row.frame, row.sha256): row for row in found.select_related("by").order_by("pk")}


def _told(
    guide: dict[str, Any], hints: Mapping[str, Hint], stills: Mapping[tuple[int, str], Any]
) -> dict[str, Any]:
    if guide["kind"] == "reference":
        still = stills.get((guide["frame"], guide["sha256"]))
        return guide | _still(still) if still else guide
    row = hints.get(str(guide["id"]))
    if row is None:
        return guide
    entry = {"palette_entry": _entry(row.entry)} if row.entry else {}
    return guide | {"by": _name(row.by), "at": row.at.isoformat()} | entry


def _still(still: ColourReference) -> dict[str, Any]:
    return {
        "name": still.name,
        "source": still.source,
        "by": _name(still.by),
        "at": still.at.isoformat(),
    }


def _entry(entry: PaletteEntry) -> dict[str, Any]:
    return {
        "palette": entry.palette.name,
        "name": entry.name,
        "rgb": [entry.red, entry.green, entry.blue],
        "source": entry.source,
        "certainty": entry.certainty,
        "by": _name(entry.by),
        "at": entry.at.isoformat(),
    }


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()
