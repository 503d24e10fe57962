"""Transcripts of a reel's scan in its bag, as they came, and what people corrected of them.

A correction names lines by key, and a line that people put in bears the number of its correction;
here that is another number, so keys are told anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archive.models import Scan
from restoration import transcripts
from restoration.models import Transcript, TranscriptCorrection, TranscriptLine
from review.reel_bag import moments
from review.reel_bag.errors import BagRefused
from review.reel_bag.strangers import Strangers

FIELDS = ("number", "maker", "source", "language", "facts", "digest")
LINE_FIELDS = (
    *("start", "end", "words", "speaker", "kind", "language", "engine", "avg_logprob"),
    *("compression_ratio", "no_speech_prob", "doubts"),
)
CORRECTION_FIELDS = ("kind", "payload", "about")
_PUT_IN = re.compile(r"h(\d+)(.*)", re.DOTALL)


def transcripts_of(scan: Scan) -> dict[str, Any]:
    """Every transcript with its lines, and every correction, withdrawn ones too."""
    kept = scan.transcripts.select_related("by").order_by("number")
    corrected = TranscriptCorrection.objects.of_scan(scan)
    return {
        "transcripts": [
            {"id": each.pk, "by": moments.name_of(each.by), "at": moments.told(each.at),
             **{name: getattr(each, name) for name in FIELDS},
             "lines": list(each.lines.order_by("number").values(*LINE_FIELDS))}
            for each in kept
        ],
        "corrections": [
            {"id": each.pk, "transcript": each.transcript_id, "targets": each.targets,
             **{name: getattr(each, name) for name in CORRECTION_FIELDS},
             "act": str(each.act) if each.act else None,
             "by": each.by.get_username(), "at": moments.told(each.at),
             "withdrawn": moments.told(each.withdrawn),
             "withdrawn_by": moments.name_of(each.withdrawn_by)}
            for each in corrected
        ],
    }  # fmt: skip


def take_in(scan: Scan, said: Mapping[str, Any], strangers: Strangers) -> None:
    """Keep transcripts and corrections as they were there.

    Raises: BagRefused for lines that are not those of their digest; KeyError, TypeError,
    ValueError.
    """
    kept = {each["id"]: _keep(scan, each, strangers) for each in said["transcripts"]}
    numbers: dict[str, str] = {}
    for each in said["corrections"]:
        made = _correct(scan, kept[each["transcript"]], each, numbers, strangers)
        numbers[str(each["id"])] = str(made.pk)
    newest = transcripts.current(scan)
    if newest is not None:
        transcripts.layered(newest)  # what cannot be laid over its lines raises here, not on a page
        transcripts.changed.send(sender=Transcript, scan=scan)


def _keep(scan: Scan, said: Mapping[str, Any], strangers: Strangers) -> Transcript:
    made = Transcript(
        scan=scan, by=strangers.account_or_none(said["by"]), at=moments.read(said["at"]),
        **{name: said[name] for name in FIELDS},
    )  # fmt: skip
    rows = [
        TranscriptLine(transcript=made, number=number, **{name: each[name] for name in LINE_FIELDS})
        for number, each in enumerate(said["lines"])
    ]
    if transcripts.digest_of([row.as_line() for row in rows], made.language) != made.digest:
        raise BagRefused(f"Transcript {made.number} does not hold the lines of its digest.")
    made.save_base(raw=True)  # with its own moment: the database lets nobody change it later
    for row in rows:
        row.transcript_id, row.text = made.pk, row.as_line().text
    TranscriptLine.objects.bulk_create(rows, batch_size=1000)
    return made


def _correct(
    scan: Scan,
    transcript: Transcript,
    said: Mapping[str, Any],
    numbers: Mapping[str, str],
    strangers: Strangers,
) -> TranscriptCorrection:
    if said["kind"] not in TranscriptCorrection.Kind.values:
        raise BagRefused(f"{said['kind']!r} is no correction of a transcript.")
    made = TranscriptCorrection(
        scan=scan,
        transcript=transcript,
        targets=[
            [_key(key, numbers), start, end, text] for key, start, end, text in said["targets"]
        ],
        act=said["act"],
        by=strangers.account(said["by"]),
        at=moments.read(said["at"]),
        withdrawn=moments.read_or_none(said["withdrawn"]),
        withdrawn_by=strangers.account_or_none(said["withdrawn_by"]),
        **{name: said[name] for name in CORRECTION_FIELDS},
    )
    made.save_base(raw=True)
    return made


def _key(key: str, numbers: Mapping[str, str]) -> str:
    put_in = _PUT_IN.fullmatch(key)
    if put_in is None:
        return key
    return f"h{numbers[put_in[1]]}{put_in[2]}"
