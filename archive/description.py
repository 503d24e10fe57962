"""All that the catalogue says of a reel as plain values, and the history of its changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet
from django.dispatch import Signal

from archive import custody
from archive.fixity import digest_json
from archive.models import ConditionReport, Element, Event, Reel, Scan, Title

MODIFIED = "metadata modification"
"""PREMIS' word for a change of the description."""
EXAMINED = "condition assessment"

TITLE = ("name", "year", "country", "language", "notes")
ELEMENT = (
    *("name", "gauge", "base", "stock", "edge_code", "generation", "colour", "tint", "sound"),
    *("aspect", "running_speed", "notes"),
)
REEL = ("number", "access", "barcode", "location", "footage", "notes")
SCAN = ("scanner", "scanned", "operator", "remarks")
PARTS = ("reel", "scan", "element", "title")
ROWS = {
    "variants": ("name", "kind", "language"),
    "credits": ("role", "name", "note"),
    "identifiers": ("source", "value"),
    "relations": ("kind", "to", "element_id"),
    "rights": ("statement", "holder", "term", "embargo", "note"),
    "restrictions": ("use", "territory", "is_allowed", "until", "note"),
}
"""What a title has several of, and what each says."""


class Own(NamedTuple):
    """A list of an element or of a reel."""

    part: str
    name: str
    """Of the list, in the part's description and of its rows' relation."""
    fields: tuple[str, ...]


OWN_ROWS = {
    "element_identifiers": Own("element", "identifiers", ROWS["identifiers"]),
    "reel_identifiers": Own("reel", "identifiers", ROWS["identifiers"]),
}
"""What an element and a reel have several of, by what forms and spreadsheets call it."""

Description = dict[str, dict[str, Any]]
Lists = dict[str, dict[str, list[dict[str, Any]]]]
"""Lists of rows by what they are of and by name."""

described = Signal()
"""Sent with `reels` (their numbers) when many were described at once, past the signals of rows."""


def part_of(listed: str) -> str:
    """Whose rows a list of that name holds: `title`, `element` or `reel`."""
    return OWN_ROWS[listed].part if listed in OWN_ROWS else "title"


def row_of(reel: Reel, part: str) -> Any:
    """The reel itself, its element or its title."""
    return reel if part == "reel" else getattr(reel, part)


def describe(reel: Reel) -> Description:
    """The description by what it is of: `title`, `element`, `reel`, `scan` (the newest, if any)."""
    scan = reel.current_scan()
    listed: Lists = {
        "title": {name: rows_of(getattr(reel.title, name).all(), ROWS[name]) for name in ROWS}
    }
    for part, name, fields in OWN_ROWS.values():
        rows = getattr(row_of(reel, part), name).all()
        listed.setdefault(part, {})[name] = rows_of(rows, fields)
    return _said(reel, listed, _fields(scan, SCAN) if scan is not None else None)


def describe_all(numbers: Sequence[int]) -> Iterator[tuple[Reel, Description]]:
    """Many reels with what `describe` says of each: one plain question a table."""
    reels = list(Reel.objects.filter(pk__in=numbers).select_related("element__title__collection"))
    listed = lists_of({reel.element.title_id for reel in reels}, ROWS)
    elements = own_lists_of("element", {reel.element_id for reel in reels})
    own = own_lists_of("reel", {reel.pk for reel in reels})
    scans = Scan.objects.filter(reel__in=reels).order_by("pk")  # the newest stands last
    newest = {reel: _told(SCAN, said) for reel, *said in scans.values_list("reel_id", *SCAN)}
    for reel in reels:
        lists = {"title": listed[reel.element.title_id], "element": elements[reel.element_id],
                 "reel": own[reel.pk]}  # fmt: skip
        yield reel, _said(reel, lists, newest.get(reel.pk))


def lists_of(
    titles: Collection[int], names: Iterable[str]
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """Of each title, by its number, the lists of these names as they are told."""
    return _listed(Title, "title", titles, {name: ROWS[name] for name in names})


def own_lists_of(part: str, numbers: Collection[int]) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """The same of elements or of reels, as `part` says."""
    lists = {each.name: each.fields for each in OWN_ROWS.values() if each.part == part}
    return _listed(Reel if part == "reel" else Element, part, numbers, lists)


def _listed(
    owner: type[Model], part: str, numbers: Collection[int], lists: dict[str, tuple[str, ...]]
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    found: dict[int, dict[str, list[dict[str, Any]]]] = {
        number: {name: [] for name in lists} for number in numbers
    }
    for name, fields in lists.items():
        model: Any = owner._meta.get_field(name).related_model
        rows = model.objects.filter(**{f"{part}__in": numbers}).order_by("pk")
        for number, *said in rows.values_list(f"{part}_id", *fields):
            found[number][name].append(_told(fields, said))
    return found


def _said(reel: Reel, listed: Lists, scan: dict[str, Any] | None) -> Description:
    title, element = reel.title, reel.element
    said: Description = {
        "title": _fields(title, TITLE)
        | {"collection": title.collection.name if title.collection else ""}
        | listed["title"],
        "element": _fields(element, ELEMENT) | listed["element"],
        "reel": _fields(reel, REEL) | listed["reel"],
    }
    return said if scan is None else said | {"scan": scan}


def _told(names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(names, map(plain, values), strict=True))


def _fields(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in names}


def rows_of(rows: Iterable[Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [_fields(row, names) for row in rows]


def plain(value: Any) -> Any:
    """A field's value as a description tells it."""
    return value if isinstance(value, str | int | bool | None) else str(value)


def digest(reel: Reel) -> str:
    """What a form saw: a save is refused if somebody else changed it since."""
    return digest_json(describe(reel))


def changes(before: Description, after: Description) -> Description:
    """Per part, the fields that differ, each as [before, after]."""
    found: Description = {}
    for part, now in after.items():
        was = before.get(part, {})
        differ = {name: [was.get(name), now[name]] for name in now if was.get(name) != now[name]}
        if differ:
            found[part] = differ
    return found


def record_changes(
    reel: Reel,
    before: Description,
    *,
    by: AbstractBaseUser | None,
    source: str = "",
    parts: tuple[str, ...] = PARTS,
) -> Description:
    """Write an event for each part that is not as it was; returns what changed.

    What belongs to one reel stands in its chain, title and element in the archive's own.
    """
    found = changes(before, describe(reel))
    agent = custody.person(by) if by is not None else custody.software()
    for part in parts:
        if part in found:
            detail: dict[str, Any] = {"of": part, "changes": found[part]}
            custody.record(
                kind=MODIFIED,
                agent=agent,
                subject=subject_of(reel, part),
                reel=reel if part in ("reel", "scan") else None,
                detail=detail | ({"source": source} if source else {}),
            )
    return found


def subject_of(reel: Reel, part: str) -> str:
    rows = {"title": reel.title, "element": reel.element, "reel": reel}
    row = rows.get(part) or reel.current_scan()
    return f"{part}:{row.pk if row else 0}"


def history(reel: Reel, field: tuple[str, str] | None = None) -> QuerySet[Event]:
    """Every change of what the reel's description says, the newest first.

    Args:
        field: only of this one, by part and name: ("title", "year").
    """
    subjects = [subject_of(reel, part) for part in ("title", "element", "reel")]
    subjects += [f"scan:{scan.pk}" for scan in reel.scans.all()]
    only = {"detail__of": field[0], "detail__changes__has_key": field[1]} if field else {}
    return (
        Event.objects.filter(kind__in=(MODIFIED, EXAMINED), subject__in=subjects, **only)
        .select_related("agent")
        .order_by("-at", "-pk")
    )


def words_of(said: Description) -> Iterator[str]:
    """Everything that a description says in words, for finding it."""
    for part in ("title", "element", "reel", "scan"):
        for name, value in said.get(part, {}).items():
            if name in _NOT_WORDS:
                continue
            if isinstance(value, list):
                yield from (_in_one(row) for row in value)
            elif isinstance(value, str) and value:
                yield value


def kept_words_of(said: Description) -> Iterator[str]:
    """What a description says in words for the house alone: where the can stands, restrictions."""
    yield from filter(None, (said["reel"]["location"], said["reel"]["barcode"]))
    yield from (_in_one(row) for row in said["title"]["restrictions"])


def examined_words_of(reels: Collection[int]) -> dict[int, list[str]]:
    """What examinations of reels say in words, by the reel's number."""
    found: dict[int, list[str]] = {}
    reports = ConditionReport.objects.filter(reel__in=reels).prefetch_related("faults")
    for report in reports.order_by("pk"):
        words = found.setdefault(report.reel_id, [])
        words += filter(None, (report.examined_by, report.note))
        for fault in report.faults.all():
            words.append(" ".join(filter(None, (fault.kind, fault.where))))
    return found


_NOT_WORDS = frozenset({"access", "number", "restrictions", "location", "barcode"})


def _in_one(row: dict[str, Any]) -> str:
    return " ".join(each for each in row.values() if isinstance(each, str) and each)
