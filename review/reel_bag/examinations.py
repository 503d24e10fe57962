"""Examinations of a reel in its bag, with the photographs of faults."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archive import damage_photographs
from archive.damage_photographs import Kept, NoPhotograph
from archive.fixity import sha256_file
from archive.models import ConditionReport, Fault, Reel
from review.reel_bag import PHOTOGRAPHS, moments
from review.reel_bag.errors import BagRefused
from review.reel_bag.strangers import Strangers


def examinations_of(reel: Reel) -> list[dict[str, Any]]:
    reports = reel.conditions.select_related("by").prefetch_related("faults").order_by("pk")
    return [
        {"on": each.on.isoformat(), "examined_by": each.examined_by, "note": each.note,
         "shrinkage": _number(each.shrinkage), "acidity": _number(each.acidity),
         "by": each.by.get_username(), "at": moments.told(each.at),
         "faults": [
             {"kind": fault.kind, "grade": fault.grade, "where": fault.where,
              "photograph": fault.photograph}
             for fault in each.faults.order_by("pk")
         ]}
        for each in reports
    ]  # fmt: skip


def _number(value: Any) -> str | None:
    return None if value is None else str(value)


def write_photographs(reel: Reel, folder: Path) -> None:
    """Those that are still there; the digest of one that is lost stays in its fault."""
    shown = Fault.objects.filter(report__reel=reel).exclude(photograph="")
    for digest in shown.order_by("photograph").values_list("photograph", flat=True).distinct():
        source = damage_photographs.brought(digest)
        if source.is_file():
            (folder / PHOTOGRAPHS).mkdir(exist_ok=True)
            shutil.copyfile(source, folder / PHOTOGRAPHS / source.name)


def take_in(reel: Reel, said: Sequence[dict[str, Any]], folder: Path, strangers: Strangers) -> None:
    """Keep examinations as they were there.

    Args:
        folder: the bag's payload.

    Raises: BagRefused, KeyError, TypeError, ValueError.
    """
    for each in said:
        report = ConditionReport.objects.create(
            reel=reel, by=strangers.account(each["by"]),
            **{name: each[name] for name in ("on", "examined_by", "note", "shrinkage", "acidity")},
        )  # fmt: skip
        ConditionReport.objects.filter(pk=report.pk).update(at=moments.read(each["at"]))
        Fault.objects.bulk_create(
            Fault(
                report=report, kind=fault["kind"], grade=fault["grade"], where=fault["where"],
                photograph=_photograph(folder, fault["photograph"]),
            )
            for fault in each["faults"]
        )  # fmt: skip


def _photograph(folder: Path, digest: str) -> str:
    """Put a photograph in its place: one that decodes and has the digest that its fault names."""
    if not digest:
        return ""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError(f"{digest!r} is no digest of a photograph")
    file = folder / PHOTOGRAPHS / f"{digest}.jpg"
    if not file.is_file():
        return ""
    if sha256_file(file) != digest:
        raise BagRefused(f"The photograph {digest[:12]} is not that of its digest.")
    data = file.read_bytes()
    try:
        damage_photographs.read(data)
    except NoPhotograph as error:
        raise BagRefused(f"The photograph {digest[:12]} cannot be taken in: {error}") from error
    damage_photographs.write(Kept(data, digest))
    return digest
